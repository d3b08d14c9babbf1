// What was seen of a drill, and is judged afterwards.
import type { Fault, Limits, TimelineEntry } from '../../core/drills.ts';
import type { MessageClass } from '../../core/message-class.ts';
import type { Ms } from '../../core/time.ts';
import type { Status } from './status.ts';

export type Phase = 'before' | 'during' | 'after';

/** A mail of the drill. Its id is null when the daemon did not take it. */
export type Sent = {
  messageId: string | null;
  to: string;
  class: MessageClass;
  phase: Phase;
  isTraced: boolean;
  at: Ms;
  took: Ms;
};

/** A copy that reached somebody, or was taken by a provider that delivers nothing in a drill. */
export type Arrival = { messageId: string; at: Ms; by: 'mailgun' | 'secondary' };

/** How the provider is, as the daemon tells it. */
export type Standing = { state: string; share: number };

/** One look at what the daemon tells, as it was between two moments; null for what it did not tell. */
export type Look = { askedAt: Ms; at: Ms; status: Status | null; waiting: number | null; standing: Standing | null };

/** A change of the provider's health. */
export type Turn = { at: Ms; state: string; share: number };

export type Seen = {
  fault: Fault;
  limits: Limits;
  startedAt: Ms;
  endedAt: Ms;
  faultFrom: Ms | null;
  faultUntil: Ms | null;
  sent: readonly Sent[];
  arrivals: readonly Arrival[];
  /** Ids of mails that the provider took and did not send. */
  swallowed: ReadonlySet<string>;
  looks: readonly Look[];
  /** Null when the daemon did not tell of them. */
  turns: readonly Turn[] | null;
  timeline: readonly TimelineEntry[];
};

import type { Refusal } from './answer.ts';
import type { Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import type { Reason } from './reason.ts';
import type { Bounce, Report, Storage } from './sighting.ts';
import type { Ms } from './time.ts';
import type { SuppressionCause, Verdict } from './verdict.ts';
/** Where a delivery stands. The comment after each says who acts next. */
export const STATES = [
  'queued', // us: hand it over at `nextAt`
  'sending', // us: a hand-over is in flight; presumed dead at `nextAt`
  'unconfirmed', // us: it ended without an answer; ask before sending again
  'accepted', // the provider; we ask at `nextAt` if nothing is heard
  'deferred', // the provider, which is retrying
  'delivered', // nobody
  'relayed', // nobody: a secondary took it and tells nothing more
  'failed', // nobody: rightly not tried again
  'abandoned', // an administrator, who was alerted
  'expired', // nobody: its useful life ended first
  'cancelled', // nobody
] as const;
export type State = (typeof STATES)[number];

const ENDED: ReadonlySet<State> = new Set(['delivered', 'relayed', 'failed', 'abandoned', 'expired', 'cancelled']);
export const isEnded = (state: State): boolean => ENDED.has(state);

/** Relayed mail has a reason where more may be told of it: it may come back, and then be sent again. */
export const mayComeBack = ({ state, reason }: { state: State; reason: string | null }): boolean =>
  state === 'relayed' && reason !== null;

/** What an attempt is for: to send it at all, to try it again, or to have another provider try it. */
export type Role = 'first' | 'retry' | 'fallback';

/** How an attempt leaves: by the application's own call, as a whole message of ours, or from the provider's stored copy. */
export type Way = 'application' | 'whole' | 'stored';

export type EndState = 'failed' | 'abandoned' | 'expired' | 'cancelled';

/**
 * Something that happened to a delivery: appended, never changed. `key` is its identity within the delivery (the same
 * fact told twice has the same key); `at` is our clock, or the provider's for what a provider reported.
 */
export type Fact = { key: string; at: Ms } & (
  | {
      kind: 'claimed';
      attempt: number;
      provider: string;
      role: Role;
      way: Way;
      leaseUntil: Ms;
      /** The lease of the claim: only the process that holds it may hand the mail over. */
      lease: string | null;
      /**
       * When the failure before this attempt happened, by the provider's clock. The provider's reports from after it
       * are about this attempt.
       */
      since: Ms | null;
      /** The provider was asked to wait until then. */
      deliverAt: Ms | null;
      /** Set when an earlier attempt may have arrived: this one may be a double. */
      double: string | null;
    }
  | {
      kind: 'accepted';
      attempt: number;
      messageId: string | null;
      /** Does the provider tell later what became of it? */
      tracked: boolean;
      /** Does it return what does not arrive? */
      returns?: true;
      detail: string;
    }
  | {
      kind: 'refused';
      attempt: number;
      why: Refusal;
      detail: string;
      retryAfter: Ms | null;
    }
  /** `died`: not the provider was silent, but the process that handed it over was never heard of again. */
  | { kind: 'unanswered'; attempt: number; detail: string; died?: true }
  | {
      kind: 'reported';
      /** Who told it. */
      provider: string;
      report: Report;
      messageId: string | null;
      /** The attempt that it names, where it names one. */
      of?: number;
      bounce: Bounce | null;
      /**
       * The classifier's verdict on the day of the bounce. It is stored, so that new rules do not change what has
       * happened.
       */
      verdict: Verdict | null;
      /** What the settings on that day made of the verdict. */
      plan: Plan | null;
      /** Set when it puts the address on our own suppression list. */
      suppress?: SuppressionCause;
      storage: Storage | null;
      sendingIp: string | null;
      foundBy: 'webhook' | 'poll' | 'lookup';
    }
  /**
   * We asked the provider. `settled`: its records of that time are final, so that "nothing" means nothing.
   * `known`: it has at least one event of this message to this recipient. `traced`: it has at least something of this
   * message that may be about this recipient, under whatever name; not told by earlier versions. `listed`: how the address stands on the
   * provider's bounce list, where that was looked up because it is to be sent to again; `barred` bars it for good.
   */
  | {
      kind: 'asked';
      attempt: number;
      about: Outcome;
      settled: boolean;
      known: boolean;
      traced?: boolean;
      /** The provider of this attempt has no records: those of the attempts before were asked, or nobody. */
      byOthers?: boolean;
      problem: string | null;
      listed?: 'clear' | 'removed' | 'barred';
    }
  /** Wait until then. This counts only while the attempt stands as it did (`about`). */
  | { kind: 'held'; attempt: number; about: Outcome; until: Ms; why: Reason; detail?: string }
  | { kind: 'noted'; attempt: number; what: string }
  /** `round` counts the reopenings so far: an end counts until the next reopening. */
  | {
      kind: 'ended';
      attempt: number;
      round: number;
      state: EndState;
      reason: Reason;
      /** Why, in the words of the person who cancelled it. */
      said?: string;
    }
  | {
      kind: 'reopened';
      attempt: number;
      round: number;
      tries: number;
      by: string;
      /** It had arrived, and an operator has it sent once more. */
      again?: true;
      /** It is to leave through another provider than the one that mail goes to when all is well. */
      byBackup?: true;
      /**
       * Nobody wants it sent again: the application's own record came after the events, and what was ended without it is
       * decided anew, by the record's policy.
       */
      anew?: true;
    }
);
export type FactKind = Fact['kind'];
export type FactOf<K extends FactKind> = Extract<Fact, { kind: K }>;

/** How an attempt stands. */
export type Outcome = 'sending' | 'refused' | 'unconfirmed' | 'accepted' | 'deferred' | 'failed' | 'arrived';
/** What is fixed when a delivery is made. */
export type Birth = {
  id: string;
  createdAt: Ms;
  /** Until then the provider may keep it, as the application asked it to; null for at once. */
  deliverAt: Ms | null;
  policy: Policy;
};

/** One hand-over and what came of it. */
export type Attempt = {
  number: number;
  claim: FactOf<'claimed'>;
  answer: FactOf<'accepted'> | FactOf<'refused'> | null;
  unanswered: FactOf<'unanswered'> | null;
  /** In the order of the provider's clock. */
  reports: FactOf<'reported'>[];
  /** The permanent failure, if the provider told of one. */
  failure: FactOf<'reported'> | null;
  outcome: Outcome;
  /** The last question and the last hold about the attempt as it stands. */
  asked: FactOf<'asked'> | null;
  held: FactOf<'held'> | null;
  /** Since when questions about the attempt as it stands have had no answer; null when the last one had. */
  unheardFrom: Ms | null;
};

/** What the provider answered since the delivery has been in its present state; null when it was not asked. */
export function freshAnswer({ asked, held }: Attempt): FactOf<'asked'> | null {
  return asked !== null && asked.at >= (held?.until ?? 0) ? asked : null;
}

/** A copy that a provider keeps, and which one. */
export type StoredCopy = Storage & { provider: string };

/** What the facts add up to. */
export type Delivery = {
  state: State;
  reason: Reason | null;
  /** Why it was cancelled, in the words of the person who did it. */
  said: string | null;
  /** When Homing must look at it again; null when it need not. */
  nextAt: Ms | null;
  /** Number of the latest attempt; 0 before the first. */
  attempt: number;
  provider: string | null;
  attempts: Attempt[];
  /** Hand-overs that were taken, or may have been: first sends and retries, and fallbacks. */
  tries: number;
  fallbackTries: number;
  /** First sends and retries allowed in all; a reopening raises it. */
  budget: number;
  usefulUntil: Ms;
  /** No copy of ours may arrive before; see `Birth`. */
  deliverAt: Ms | null;
  /** Times that an operator has opened it again, and whether the latest has been followed by an attempt. */
  round: number;
  reopened: FactOf<'reopened'> | null;
  /** When its database came from a backup the last time; null where it never did. */
  restoredAt: Ms | null;
  /** Copies that providers keep, first heard of first. */
  storages: StoredCopy[];
  /** Attempts with proof of arrival. More than one is a double. */
  arrivedOn: number[];
};

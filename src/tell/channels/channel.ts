import type { AlertKind, Severity, Turn } from '../../core/alerting.ts';
import type { Clock, Ms } from '../../core/time.ts';
import type { SummaryLetter } from '../summary/letter.ts';

/** One message about an incident, for people and for programs. */
export type Notice = {
  /** Of this message; the same on each try. */
  id: string;
  /** The same for all messages of one incident. */
  conversation: string;
  turn: Turn;
  /** Whether it got worse by far, which those have to hear as well who have taken it. */
  isWorse: boolean;
  severity: Severity;
  kind: AlertKind | 'database' | 'test';
  /** The name of the incident. */
  incident: string;
  subject: string;
  body: string;
  /** How much it is about. */
  count: number;
  createdAt: Ms;
  startedAt: Ms;
  endedAt: Ms | null;
  /** A page with a button that acknowledges; it is signed and needs no login. */
  link: string | null;
  tries: number;
  /** When that was told which this ends; empty where it ends nothing. Who was on call then hears of the end. */
  toldAt: readonly Ms[];
};

/** One way to reach the administrators with an alert. Rejects when the alert did not get out. */
export type AlertChannel = {
  name: string;
  /** Says what went wrong for some of them, when others got it. */
  send(notice: Notice): Promise<string[]>;
};

/** What the channels that are called by HTTP have in common. */
export type HowToCall = {
  now: Clock;
  /** How long a call may take; when not said, as long as any. */
  patience?: Ms | undefined;
};

/** One way to post a summary to one administrator. Rejects when it was not taken. */
export type LetterChannel = { name: string; post(letter: AddressedLetter): Promise<void> };

/** The same `id` on each try, so that a letter that was posted twice is shown once. */
export type AddressedLetter = SummaryLetter & { to: string; id: string; date: Ms };

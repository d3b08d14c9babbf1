import type { MessageClass } from './message-class.ts';
import { DAY, type Ms } from './time.ts';

/** What is done to the primary provider in a drill. */
export const FAULTS = ['down', 'slow', 'accepts-but-silent', '5xx-after-accept', '429', 'half'] as const;
export type Fault = (typeof FAULTS)[number];

export const isFault = (text: string): text is Fault => (FAULTS as readonly string[]).includes(text);

/** Faults that have to be taken for an outage; with the others it is enough that nobody waits long. */
const OUTAGES: ReadonlySet<Fault> = new Set<Fault>(['down', 'accepts-but-silent', '5xx-after-accept']);
export const isOutage = (fault: Fault): boolean => OUTAGES.has(fault);

/** Against what it is played: a simulated Mailgun, or the real one in test mode. */
export const GROUNDS = ['demo', 'staging'] as const;
export type Ground = (typeof GROUNDS)[number];

export const CHECKS = [
  'accepted',
  'failed_over',
  'one_copy',
  'status_during',
  'status_after',
  'drain',
  'failback',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** `not_needed`: there was nothing to be checked. */
export type Check = { check: CheckName; result: 'passed' | 'failed' | 'not_needed'; says: string };

/** The names of those that failed. */
export const failedIn = ({ checks }: { checks: readonly Check[] }): CheckName[] =>
  checks.filter(({ result }) => result === 'failed').map(({ check }) => check);

/** What is allowed to take how long. */
export type Limits = {
  /** The answer to a call that queues mail. */
  accept: Ms;
  /** From the beginning of the fault until the provider is taken to be down. */
  notice: Ms;
  /** From asking for a reset until it has arrived. */
  failover: Ms;
  /** From a change until `GET /api/status` tells of it. */
  status: Ms;
  /** From the end of the fault until all is as before. */
  calm: Ms;
  /** Mails a second that leave of what had waited. */
  drainRate: number;
};

export type TimelineEntry = { at: Ms; who: string; says: string };

/** A part of the drill, for a picture: what arrived in it by which way, and what waited at its end. */
export type Slot = { at: Ms; mailgun: number; secondary: number; waiting: number; sick: boolean };

/** What a drill has found. */
export type DrillReport = {
  version: 1;
  fault: Fault;
  ground: Ground;
  startedAt: Ms;
  endedAt: Ms;
  /** Null where it was ended before, as is the end of the fault. */
  faultFrom: Ms | null;
  faultUntil: Ms | null;
  passed: boolean;
  /** Whether somebody ended it before it could prove anything. */
  endedEarly: boolean;
  checks: readonly Check[];
  limits: Limits;
  figures: DrillFigures;
  slots: readonly Slot[];
  timeline: readonly TimelineEntry[];
};

export type DrillFigures = {
  /** Mails that were queued, by class. */
  queued: Record<MessageClass, number>;
  byMailgun: number;
  bySecondary: number;
  /** Mails that Mailgun took during the fault and never sent. */
  swallowed: number;
  missing: number;
  doubles: number;
  /** Of all calls that queue mail, the slowest. */
  slowestAnswer: Ms;
  /** From asking for the reset until it arrived; null when it did not. */
  resetTook: Ms | null;
  noticedAfter: Ms | null;
  /** From the end of the fault until Mailgun got all mail, and until nothing was left. */
  backAfter: Ms | null;
  calmAfter: Ms | null;
};

/** Twelve hours of a fault and what comes after it take less; one that was begun before died with its process. */
export const LONGEST_DRILL: Ms = DAY;

/** A drill as it is kept. How it ended is null while it goes on, and where its process died. */
export type KeptDrill = {
  id: string;
  fault: Fault;
  ground: Ground;
  startedAt: Ms;
  endedAt: Ms | null;
  passed: boolean | null;
  /** The checks that failed, or why it broke off. */
  failed: readonly string[];
};

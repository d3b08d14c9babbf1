import type { Delivery } from './delivery.ts';
import { isEnded, mayComeBack } from './delivery.ts';
import type { MessageClass } from './message-class.ts';
import type { Ms } from './time.ts';
import type { SuppressionCause } from './verdict.ts';

/** What can be done to much mail at once. `backup` sends again, by another provider than the usual one;
 * `release` lets mail go that people keep back. */
export const BULK_ACTIONS = ['retry', 'backup', 'release', 'cancel', 'unsuppress', 'erase'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** Why a delivery is left out. */
export type Skip =
  | 'still_open'
  | 'has_arrived'
  | 'may_have_arrived'
  | 'cancelled'
  | 'suppressed'
  | 'no_copy'
  | 'life_over'
  | 'only_watched'
  | 'not_held'
  | 'provider_away'
  | 'has_ended'
  | 'not_suppressed'
  | 'their_wish'
  | 'gone';

/** What of a delivery decides whether something is done to it. */
export type Candidate = {
  delivery: Delivery;
  class: MessageClass;
  suppressed: SuppressionCause | null;
  /** It is known from events alone, and nobody wants it sent by us. */
  watched: boolean;
  /** Whether a copy may be had that could be sent. */
  hasCopy: boolean;
  /** What keeps it from leaving: people, or its provider, which is away. */
  keptBy: 'people' | 'provider' | null;
};

/** Why it is left out; null when it is done. Decided before it begins, and again when its turn comes. */
export function skipOf(action: BulkAction, candidate: Candidate, now: Ms): Skip | null {
  switch (action) {
    case 'retry':
    case 'backup':
      return notSentAgain(candidate, now);
    case 'release':
      return keptSkip(candidate.keptBy);
    case 'cancel':
      return isEnded(candidate.delivery.state) && !mayComeBack(candidate.delivery) ? 'has_ended' : null;
    case 'unsuppress':
      return notUnsuppressed(candidate.suppressed);
    case 'erase':
      return null;
  }
}

/**
 * A single retry is the word of somebody who has looked at that mail. Of many at once nobody has: so what a newer mail
 * replaced, or a code that is of no use any more, stays where it is.
 */
function notSentAgain({ delivery, class: kind, suppressed, watched, hasCopy }: Candidate, now: Ms): Skip | null {
  if (!isEnded(delivery.state)) return 'still_open';
  if (delivery.state === 'delivered') return 'has_arrived';
  if (delivery.state === 'relayed') return 'may_have_arrived';
  if (delivery.state === 'cancelled') return 'cancelled';
  if (watched) return 'only_watched';
  if (suppressed !== null) return 'suppressed';
  if (kind === 'access' && now >= delivery.usefulUntil) return 'life_over';
  return hasCopy ? null : 'no_copy';
}

const keptSkip = (keptBy: Candidate['keptBy']): Skip | null =>
  keptBy === 'people' ? null : keptBy === null ? 'not_held' : 'provider_away';

function notUnsuppressed(cause: SuppressionCause | null): Skip | null {
  if (cause === null) return 'not_suppressed';
  return cause === 'complained' || cause === 'unsubscribed' ? 'their_wish' : null;
}

/**
 * `checking` counts what would be done and why the rest would not; then it is `ready`, and waits for somebody to say yes;
 * `running` does it, until it is `done` or was `stopped`.
 */
export type BulkPhase = 'checking' | 'ready' | 'running' | 'done' | 'stopped';

export type BulkCounts = {
  /** Deliveries that were looked at. */
  seen: number;
  /** Those that are to be done, or were. */
  done: number;
  skipped: Partial<Record<Skip, number>>;
  /** Those that went wrong, each with the words of what did; some of them. */
  failed: number;
  problems: string[];
};

export const NOTHING_COUNTED: BulkCounts = { seen: 0, done: 0, skipped: {}, failed: 0, problems: [] };

const MOST_PROBLEMS = 20;

/** The counts with one more delivery: done, left out, or gone wrong. */
export function counted(counts: BulkCounts, result: 'done' | { skip: Skip } | { problem: string }): BulkCounts {
  const next = { ...counts, seen: counts.seen + 1 };
  if (result === 'done') return { ...next, done: counts.done + 1 };
  if ('skip' in result)
    return { ...next, skipped: { ...counts.skipped, [result.skip]: (counts.skipped[result.skip] ?? 0) + 1 } };
  const problems = [...counts.problems, result.problem].slice(0, MOST_PROBLEMS);
  return { ...next, failed: counts.failed + 1, problems };
}

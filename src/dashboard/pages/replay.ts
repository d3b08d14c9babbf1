import { inTurns } from '../../base/in-turns.ts';
import { stopwatch } from '../../base/wait.ts';
import {
  type Change,
  type Comparison,
  compare,
  emptyComparison,
  type Judged,
  type RuleSet,
} from '../../classifier/replay.ts';
import { maskAddress } from '../../core/address.ts';
import { replyWords } from '../../core/reply-words.ts';
import type { Ms } from '../../core/time.ts';
import { maskReply } from '../../core/words/mask.ts';
import type { Store } from '../../store/db/open.ts';
import { type Before, type Failure, failuresBefore } from '../../store/reports.ts';

/** What other rules would have decided about what has failed. */
export type Replayed = {
  comparison: Comparison;
  /** The first of what changes, with nobody's name in it. */
  examples: { recipient: string; reply: string; change: Change }[];
  /** When the oldest of what was looked at was written; null when there was more time than mail. */
  stoppedAt: Ms | null;
};

/** How many facts are read at once: a few milliseconds' work. */
const PIECE = 100;
const MOST_FACTS = 200_000;
const MOST_FAILURES = 10_000;
const EXAMPLES = 20;

type Replaying = {
  now: Ms;
  since: Ms;
  present: RuleSet;
  other: RuleSet;
  /** By the clock on the wall; what was looked at by then is shown. */
  patience: Ms;
};

/** Replays the failures since then, newest first, so that everything else goes on meanwhile. Nothing is written. */
export async function replay(store: Store, { now, since, present, other, patience }: Replaying): Promise<Replayed> {
  const done: Replayed = { comparison: emptyComparison(), examples: [], stoppedAt: null };
  const turn = inTurns();
  const spent = stopwatch();
  let place: Before | null = { at: now, delivery: '\u{10ffff}', key: '' };
  for (let facts = 0; place !== null; ) {
    const { read, failures, next }: Awaited<ReturnType<typeof failuresBefore>> = await failuresBefore(
      store,
      place,
      since,
      PIECE,
    );
    for (const failure of failures) {
      add(done, failure, present, other);
      await turn();
    }
    facts += read;
    const isMuch = facts >= MOST_FACTS || done.comparison.failures >= MOST_FAILURES;
    const isEnough = isMuch || spent() >= patience;
    if (isEnough && next !== null) return { ...done, stoppedAt: next.at };
    place = next;
    await turn();
  }
  return done;
}

function add({ comparison, examples }: Replayed, failure: Failure, present: RuleSet, other: RuleSet): void {
  const change = compare(comparison, sightingOf(failure), present, other);
  if (!change || examples.length >= EXAMPLES) return;
  const { recipient, fact } = failure;
  const reply = maskReply(replyWords(fact.bounce), recipient, null);
  examples.push({ recipient: maskAddress(recipient), reply, change });
}

const sightingOf = ({ recipient, fact }: Failure): Judged => ({
  report: fact.report,
  bounce: fact.bounce,
  recipient,
  recipientProvider: null,
});

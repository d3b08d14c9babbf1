import { CLASSES } from '../core/message-class.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { timeliness } from '../core/timeliness.ts';
import { lengthWords } from '../core/words/numbers.ts';
import { databaseProblems } from '../store/db/health.ts';
import type { Store } from '../store/db/open.ts';
import { flowByClass } from '../store/timeliness.ts';

/** One look at the database serves all who ask within this time, because anybody may ask as often as they like. */
const FRESH: Ms = 2 * SECOND;

/**
 * Is mail on time? For each class `on_time`, `delayed`, `backup` or `down`, and by how long it is late.
 *
 * Computed from our own backlog alone: the oldest delivery that is due and that nobody has looked at, the oldest that its
 * provider would not take or did not answer for, and whether mail of the last 15 minutes moved, or went out through a
 * secondary. Mail that a recipient's server keeps waiting does not count as late, and neither does a retry before its
 * time. Says nothing of addresses or of how much mail there is.
 */
export function createStatus(store: Store, now: Clock): () => Promise<Record<string, unknown>> {
  return sharedFor(FRESH, now, async () => {
    const flows = await flowByClass(store, now());
    const classes = CLASSES.map((name) => {
      const status = timeliness(flows[name]);
      const seconds = Math.round(flows[name].late / SECOND);
      const late = status === 'on_time' || seconds === 0 ? null : seconds;
      return [name, { status, lateSeconds: late, late: late === null ? null : lengthWords(late * SECOND) }];
    });
    return Object.fromEntries(classes) as Record<string, unknown>;
  });
}

/** Why this process should get no requests; empty when it is ready. */
export function createReadiness(store: Store, now: Clock, signal: AbortSignal): () => Promise<string[]> {
  const ask = sharedFor(FRESH, now, () => databaseProblems(store));
  return async () => (signal.aborted ? ['the process is stopping'] : ask());
}

/** Computes the answer once for all who ask within `fresh` ms. A failure is not kept. */
function sharedFor<T>(fresh: Ms, now: Clock, compute: () => Promise<T>): () => Promise<T> {
  let last: { at: Ms; answer: Promise<T> } | null = null;
  return async () => {
    const at = now();
    if (last && at >= last.at && at - last.at < fresh) return last.answer;
    const mine = { at, answer: compute() };
    last = mine;
    try {
      return await mine.answer;
    } catch (error) {
      if (last === mine) last = null;
      throw error;
    }
  };
}

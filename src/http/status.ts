import { sharedFor } from '../base/shared.ts';
import { byClass, FRESH, inSeconds, shownTraffic, trafficNow } from '../contract/traffic.ts';
import { CLASSES } from '../core/message-class.ts';
import { type Clock, SECOND } from '../core/time.ts';
import type { Flow, Shown } from '../core/timeliness.ts';
import { lengthWords } from '../core/words/numbers.ts';
import { overallSentence } from '../core/words/timeliness.ts';
import { databaseProblems } from '../store/db/health.ts';
import type { Store } from '../store/db/open.ts';

/** The store, and the names of those whom mail is handed to, where they are said. */
export type StatusDeps = { store: Store; providers?: readonly string[]; now: Clock };

/**
 * Is mail on time? A sentence for a banner and, for each class, how it is, since when and by how long it is late. At the
 * top level each class has besides `on_time`, `delayed`, `backup` or `down`, as programs of earlier versions read it.
 *
 * Computed from our own backlog alone: the oldest delivery that is due and that nobody has looked at, the oldest that its
 * provider would not take or did not answer for, the oldest that is kept from leaving, whether mail of the last 15 minutes
 * moved, or went out through a secondary, and whether the providers are down. Mail that a recipient's server keeps waiting
 * does not count as late, and neither does a retry before its time. Says nothing of addresses or of how much mail there is.
 */
export function createStatus({ store, providers, now }: StatusDeps) {
  return sharedFor(FRESH, now, async () => {
    const at = now();
    const shown = await trafficNow(store, providers, at);
    const since = CLASSES.flatMap((name) => shown[name].since ?? []);
    const answer = {
      sentence: overallSentence(shown),
      since: since.length > 0 ? new Date(Math.min(...since)).toISOString() : null,
      classes: byClass((name) => shownTraffic(name, shown[name])),
      ...byClass((name) => earlierForm(shown[name], shown[name].flow)),
    };
    return { at, answer };
  });
}

function earlierForm({ state }: Shown, { late: length }: Flow): Record<string, unknown> {
  const status = state === 'quiet' ? 'on_time' : state;
  const seconds = inSeconds(length) ?? 0;
  const late = status === 'on_time' || seconds === 0 ? null : seconds;
  return { status, lateSeconds: late, late: late === null ? null : lengthWords(late * SECOND) };
}

/** Why this process should get no requests; empty when it is ready. */
export function createReadiness(store: Store, now: Clock, signal: AbortSignal): () => Promise<string[]> {
  const ask = sharedFor(FRESH, now, () => databaseProblems(store));
  return async () => (signal.aborted ? ['the process is stopping'] : ask());
}

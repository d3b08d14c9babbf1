import { sharedFor } from '../base/shared.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { type Flow, type Shown, shownOf, type Trouble } from '../core/timeliness.ts';
import { lengthWords } from '../core/words/numbers.ts';
import { classSentence, overallSentence, saidDelay } from '../core/words/timeliness.ts';
import { databaseProblems } from '../store/db/health.ts';
import type { Store } from '../store/db/open.ts';
import { unwell } from '../store/notes/health.ts';
import { flowByClass } from '../store/timeliness.ts';

/** One look at the database serves all who ask within this time, because anybody may ask as often as they like. */
const FRESH: Ms = 2 * SECOND;

/** The store, and the names of those whom mail is handed to, where they are said. */
export type StatusDeps = { store: Store; providers?: readonly string[]; now: Clock };

/** What was found, and as of when. */
type Found = { at: Ms; answer: Record<string, unknown> };

/**
 * Is mail on time? A sentence for a banner and, for each class, how it is, since when and by how long it is late. At the
 * top level each class has besides `on_time`, `delayed`, `backup` or `down`, as programs of earlier versions read it.
 *
 * Computed from our own backlog alone: the oldest delivery that is due and that nobody has looked at, the oldest that its
 * provider would not take or did not answer for, the oldest that is kept from leaving, whether mail of the last 15 minutes
 * moved, or went out through a secondary, and whether the providers are down. Mail that a recipient's server keeps waiting
 * does not count as late, and neither does a retry before its time. Says nothing of addresses or of how much mail there is.
 */
export function createStatus({ store, providers, now }: StatusDeps): () => Promise<Found> {
  return sharedFor(FRESH, now, async () => {
    const at = now();
    const [flows, trouble] = await Promise.all([flowByClass(store, at), troubleNow(store, providers)]);
    const shown = byClass((name) => shownOf(flows[name], trouble));
    const since = CLASSES.flatMap((name) => shown[name].since ?? []);
    const answer = {
      sentence: overallSentence(shown),
      since: since.length > 0 ? new Date(Math.min(...since)).toISOString() : null,
      classes: byClass((name) => ({
        state: shown[name].state,
        delaySeconds: inSeconds(shown[name].delay),
        upToSeconds: inSeconds(saidDelay(shown[name])),
        sentence: classSentence(name, shown[name]),
      })),
      ...byClass((name) => earlierForm(shown[name], flows[name])),
    };
    return { at, answer };
  });
}

async function troubleNow(store: Store, providers: readonly string[] = []): Promise<Trouble | null> {
  const down = (await unwell(store, providers)).filter(({ state }) => state === 'down');
  if (down.length === 0) return null;
  return { since: Math.min(...down.map(({ since }) => since)), everywhere: down.length === providers.length };
}

function earlierForm({ state }: Shown, { late: length }: Flow): Record<string, unknown> {
  const status = state === 'quiet' ? 'on_time' : state;
  const seconds = inSeconds(length) ?? 0;
  const late = status === 'on_time' || seconds === 0 ? null : seconds;
  return { status, lateSeconds: late, late: late === null ? null : lengthWords(late * SECOND) };
}

const inSeconds = (length: Ms | null): number | null => (length === null ? null : Math.round(length / SECOND));

const byClass = <T>(of: (name: MessageClass) => T): Record<MessageClass, T> =>
  Object.fromEntries(CLASSES.map((name) => [name, of(name)])) as Record<MessageClass, T>;

/** Why this process should get no requests; empty when it is ready. */
export function createReadiness(store: Store, now: Clock, signal: AbortSignal): () => Promise<string[]> {
  const ask = sharedFor(FRESH, now, () => databaseProblems(store));
  return async () => (signal.aborted ? ['the process is stopping'] : ask());
}

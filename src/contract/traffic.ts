import { sharedFor } from '../base/shared.ts';
import type { MessageClass } from '../core/message-class.ts';
import { CLASSES } from '../core/message-class.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { type Flow, type Shown, shownOf, type Trouble } from '../core/timeliness.ts';
import { classSentence, saidDelay } from '../core/words/timeliness.ts';
import type { Store } from '../store/db/open.ts';
import { unwell } from '../store/notes/health.ts';
import { flowByClass } from '../store/timeliness.ts';

/** How the mail of a class flows, and how people are told of it. */
export type Traffic = Shown & { flow: Flow };
export type TrafficByClass = Record<MessageClass, Traffic>;

/** Is the mail of each class on time at this moment? `providers` are those whom mail is handed to. */
export async function trafficNow(
  store: Store,
  providers: readonly string[] | undefined,
  now: Ms,
): Promise<TrafficByClass> {
  const [flows, trouble] = await Promise.all([flowByClass(store, now), troubleNow(store, providers)]);
  return byClass((name) => ({ ...shownOf(flows[name], trouble), flow: flows[name] }));
}

/** One look at the database serves all who ask within this time, because anybody may ask as often as they like. */
export const FRESH: Ms = 2 * SECOND;

type Shared = { store: Store; providers?: readonly string[] | undefined; now: Clock };

/** The same for many who ask: as it was a moment ago. */
export const sharedTraffic = ({ store, providers, now }: Shared): (() => Promise<TrafficByClass>) =>
  sharedFor(FRESH, now, () => trafficNow(store, providers, now()));

async function troubleNow(store: Store, providers: readonly string[] = []): Promise<Trouble | null> {
  const down = (await unwell(store, providers)).filter(({ state }) => state === 'down');
  if (down.length === 0) return null;
  return { since: Math.min(...down.map(({ since }) => since)), everywhere: down.length === providers.length };
}

export const shownTraffic = (name: MessageClass, shown: Shown) => ({
  state: shown.state,
  delaySeconds: inSeconds(shown.delay),
  upToSeconds: inSeconds(saidDelay(shown)),
  sentence: classSentence(name, shown),
});

export const inSeconds = (length: Ms | null): number | null => (length === null ? null : Math.round(length / 1000));

export const byClass = <T>(of: (name: MessageClass) => T): Record<MessageClass, T> =>
  Object.fromEntries(CLASSES.map((name) => [name, of(name)])) as Record<MessageClass, T>;

import { stopwatch } from '../base/wait.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { cursor, setCursor } from '../store/notes/cursors.ts';
import { type Bite, indexEarlier, indexHappened, indexMade, type Walk } from '../store/search-feed.ts';
import { restAfter } from './rest.ts';

export type IndexDeps = { store: Store; now: Clock; signal?: AbortSignal };

type Way = { name: string; walk: typeof indexMade; lag: Ms };

/**
 * All is read twice. The first look comes soon. The second one finds what was committed after the first had passed, or was
 * written by a daemon whose clock is behind.
 */
const WALKS: readonly Way[] = [
  { name: 'search:made', walk: indexMade, lag: 2 * SECOND },
  { name: 'search:happened', walk: indexHappened, lag: 2 * SECOND },
  { name: 'search:made:late', walk: indexMade, lag: 10 * MINUTE },
  { name: 'search:happened:late', walk: indexHappened, lag: 10 * MINUTE },
];

/** How far back mail from before the first look has its words. */
const EARLIER = 'search:earlier';
const DONE = 'done';

/** Rows in one change: nobody else writes to an SQLite file meanwhile. Of what is new most has little to write. */
const BITE = 100;
const NEW_BITE = 250;

/** Gives mail the words by which it is searched, new mail first; says how much it read. */
export async function indexTerms(deps: IndexDeps): Promise<number> {
  let read = 0;
  for (const { name, walk, lag } of WALKS) {
    const until = deps.now() - lag;
    read += await advance(deps, { name, limit: NEW_BITE }, (from) => walk(deps.store, from, until));
  }
  return read > 0 ? read : earlier(deps);
}

async function advance(
  { store, now }: IndexDeps,
  { name, limit }: Pick<Walk, 'name' | 'limit'>,
  step: (walk: Walk) => Promise<Bite>,
): Promise<number> {
  const known = await cursor(store, name);
  const from = known ? { at: Number(known.at), key: known.value } : { at: now(), key: '' };
  const { read } = await step({ name, from, limit });
  if (!known && read === 0) await setCursor(store, name, from.key, from.at);
  return read;
}

/** A bite of the mail from before the first look; it rests after it. */
async function earlier(deps: IndexDeps): Promise<number> {
  const { store, signal } = deps;
  if ((await cursor(store, EARLIER))?.value === DONE) return 0;
  const spent = stopwatch();
  const read = await advance(deps, { name: EARLIER, limit: BITE }, (walk) => indexEarlier(store, walk));
  if (read === 0) await setCursor(store, EARLIER, DONE, 0);
  else await restAfter(spent(), signal);
  return read;
}

/** The mail of what time can be found by its words: all of it, none yet, or all since a moment. */
export async function indexedSince(store: Store): Promise<Ms | 'all' | 'none'> {
  const known = await cursor(store, EARLIER);
  if (!known) return 'none';
  return known.value === DONE ? 'all' : Number(known.at);
}

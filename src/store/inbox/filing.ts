import { gather } from '../../base/gather.ts';
import type { Log } from '../../base/log.ts';
import { within } from '../../base/wait.ts';
import type { Sighting } from '../../core/sighting.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { type Arrival, eventKeyOf, keep } from './inbox.ts';
import { aboutOf } from './news.ts';

/** Makes all events of one sender durable together; false when that can not be done now. */
export type File = (arrivals: readonly Arrival[]) => Promise<boolean>;

export type FilingDeps = {
  /** Makes events durable, all or none. */
  keep(arrivals: readonly Arrival[]): Promise<void>;
  /** Keeping them takes this thread, which can do nothing else meanwhile. */
  isSynchronous?: boolean;
  /** Called after each commit, with how many events are in it. */
  onKept(count: number): void;
  /** How long a sender waits to hear that its event is stored, or that it could not be. */
  patience?: Ms;
  log: Log;
};

const BATCH = 256;
/** When more events than this wait for the database it can not keep up, and their senders are to try again. */
const WAITING = 2000;
/** Some may wait on when their sender has heard that it takes too long. */
const WAITING_BYTES = 32 * 1024 * 1024;
/** A sender hears within this time that its event could not be stored, before it gives up waiting by itself. */
const PATIENCE: Ms = 8 * SECOND;

/** Keeps events in one commit of the store. */
export const keepIn =
  ({ store, log }: { store: Store; log: Log }) =>
  async (arrivals: readonly Arrival[]): Promise<void> => {
    const aside = await keep(store, arrivals);
    if (aside > 0) log.error({ events: aside }, 'events are too large for the database and were set aside');
  };

/** `size` counts the characters of its bodies. */
type Item = { arrivals: readonly Arrival[]; size: number; kept: boolean };

/** What arrives while a commit is under way goes into the next one together. */
export function createFiling({
  keep: store,
  isSynchronous = false,
  onKept,
  log,
  patience = PATIENCE,
}: FilingDeps): File {
  let waiting = 0;
  let bytes = 0;
  const add = gather<Item>(
    async (items) => {
      try {
        const arrivals = items.flatMap((item) => item.arrivals);
        await store(arrivals);
        for (const item of items) item.kept = true;
        onKept(arrivals.length);
      } catch (error) {
        log.error({ events: items.length, error }, 'events could not be stored; who sent them will try again');
      } finally {
        for (const { arrivals, size } of items) {
          waiting -= arrivals.length;
          bytes -= size;
        }
      }
    },
    BATCH,
    { atOnce: !isSynchronous },
  );

  return async (arrivals) => {
    const size = arrivals.reduce((sum, { body }) => sum + body.length, 0);
    if (waiting >= WAITING || bytes + size > WAITING_BYTES) return false;
    const item = { arrivals, size, kept: false };
    waiting += arrivals.length;
    bytes += size;
    // What is kept after that is kept once, as the sender's repeat of it is left out.
    await within(add(item), patience, undefined);
    return item.kept;
  };
}

/** An event as its provider opened it. */
type Opened = Pick<Arrival, 'replayKey' | 'body' | 'contentType'> & { sighting: Sighting | null };

/** The event as it is kept, with whom it is about. Named one by one: to spread what is left of an object takes 10 µs. */
export function arrivalOf(provider: string, { sighting, replayKey, contentType, body }: Opened, now: Ms): Arrival {
  const eventKey = sighting ? eventKeyOf(sighting) : null;
  const about = sighting ? aboutOf(sighting) : null;
  return { provider, about, source: 'webhook', replayKey, eventKey, receivedAt: now, contentType, body };
}

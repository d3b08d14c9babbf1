import type { Job } from '../base/job.ts';
import type { Meter } from '../base/meter.ts';
import type { RightOfWay } from '../base/right-of-way.ts';
import { sleep } from '../base/wait.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { type DigestDeps, digest } from './digest.ts';

/** So many events are digested at a time, at most: fewer on SQLite, where whoever takes mail in waits for the end of a commit. */
export const BATCH: Readonly<Record<Store['kind'], number>> = { sqlite: 200, mysql: 400 };
/** So many at first, as more may be about to come in; each batch that was full may be followed by one twice as large. */
const FIRST_BATCH = 64;
/** So many while mail is being sent, and in a flood: what goes first may have to wait for the end of a batch. */
const SMALL_BATCH = 20;
/** More webhooks a second than this are a flood. */
const FLOOD = 1000;
/**
 * In a flood the reading rests for so many times as long as it works, and not for longer than a second: it can be done
 * later, and the answers can't.
 */
const REST = 29;
/** What comes in for longer is no flood but the usual, and is read as it comes: else the inbox would grow without an end. */
const LONGEST_FLOOD: Ms = MINUTE;
/** When all that there was is read, what comes in meanwhile is digested together. */
const COLLECT: Ms = SECOND / 4;

export type DigestInside = DigestDeps & {
  config: { DUE_POLL: Ms };
  rightOfWay: Pick<RightOfWay, 'isWanted'>;
  /** Webhooks that were kept. */
  kept: Pick<Meter, 'perSecond'>;
  monotonic: Clock;
  signal: AbortSignal;
  wake(job: string): void;
};

const digestJob: Job<DigestInside> = {
  name: 'digest',
  pause: ({ config }) => config.DUE_POLL,
  start(inside) {
    const isFlood = floodWatch(inside);
    let next = FIRST_BATCH;
    return {
      async run() {
        const limit = isFlood() || inside.rightOfWay.isWanted() ? SMALL_BATCH : next;
        // Also when it fails, as it may by its size.
        next = FIRST_BATCH;
        const began = inside.monotonic();
        const handled = await digest(inside, limit);
        if (handled > 0) inside.wake('dispatch');
        if (handled > 0) inside.wake('ask');
        const took = inside.monotonic() - began;
        if (isFlood()) await sleep(Math.min(REST * took, SECOND), inside.signal);
        else if (handled > 0 && handled < limit) await sleep(COLLECT, inside.signal);
        if (handled >= limit) next = Math.min(2 * limit, BATCH[inside.store.kind]);
        return handled;
      },
    };
  },
};

/** Says whether more comes in for the moment than can be both answered and read. */
export function floodWatch({ kept, monotonic }: Pick<DigestInside, 'kept' | 'monotonic'>): () => boolean {
  let since: Ms | null = null;
  return () => {
    const at = monotonic();
    since = kept.perSecond() > FLOOD ? (since ?? at) : null;
    return since !== null && at - since < LONGEST_FLOOD;
  };
}

export const INBOX_JOBS = [digestJob];

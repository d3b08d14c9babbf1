import type { Job } from '../base/job.ts';
import type { RightOfWay } from '../base/right-of-way.ts';
import { sleep } from '../base/wait.ts';
import { type Ms, SECOND } from '../core/time.ts';
import { type DigestDeps, digest } from './digest.ts';

/** So many events are digested at a time. */
const BATCH = 200;
/** The same while mail is being sent, which may have to wait for the end of a batch. */
const SMALL_BATCH = 20;
/** When there was little to do, what comes in meanwhile is digested together. */
const COLLECT: Ms = SECOND / 4;

export type DigestInside = DigestDeps & {
  config: { DUE_POLL: Ms };
  rightOfWay: Pick<RightOfWay, 'isWanted'>;
  signal: AbortSignal;
  wake(job: string): void;
};

const digestJob: Job<DigestInside> = {
  name: 'digest',
  pause: ({ config }) => config.DUE_POLL,
  start: (inside) => ({
    async run() {
      const limit = inside.rightOfWay.isWanted() ? SMALL_BATCH : BATCH;
      const handled = await digest(inside, limit);
      if (handled > 0) inside.wake('dispatch');
      if (handled > 0) inside.wake('ask');
      if (handled > 0 && handled < limit / 2) await sleep(COLLECT, inside.signal);
      return handled;
    },
  }),
};

export const INBOX_JOBS = [digestJob];

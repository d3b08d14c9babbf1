import type { Job } from '../base/job.ts';
import { sleep } from '../base/wait.ts';
import { type Ms, SECOND } from '../core/time.ts';
import { type DigestDeps, digest } from './digest.ts';

/** The inbox is digested so much at a time; what comes in during `COLLECT` shares commits, of which a send may wait for one. */
const BATCH = 200;
const COLLECT: Ms = SECOND / 4;

export type DigestInside = DigestDeps & { config: { DUE_POLL: Ms }; signal: AbortSignal; wake(job: string): void };

const digestJob: Job<DigestInside> = {
  name: 'digest',
  pause: ({ config }) => config.DUE_POLL,
  start: (inside) => ({
    async run() {
      const handled = await digest(inside, BATCH);
      if (handled > 0) inside.wake('dispatch');
      if (handled > 0 && handled < BATCH / 2) await sleep(COLLECT, inside.signal);
      return handled;
    },
  }),
};

export const INBOX_JOBS = [digestJob];

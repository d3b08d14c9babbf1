import type { Job } from '../base/job.ts';
import type { Ms } from '../core/time.ts';
import { type AskerDeps, createAsker } from './asker.ts';

export type AskInside = Omit<AskerDeps, 'onAnswer'> & { config: { DUE_POLL: Ms }; wake(job: string): void };

const askJob: Job<AskInside> = {
  name: 'ask',
  pause: ({ config }) => config.DUE_POLL,
  start(inside) {
    const onAnswer = () => {
      inside.wake('dispatch');
      inside.wake('ask');
    };
    return createAsker({ ...inside, onAnswer });
  },
};

export const RECONCILE_JOBS = [askJob];

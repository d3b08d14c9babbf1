import type { Job } from '../base/job.ts';
import type { Ms } from '../core/time.ts';
import { createDispatcher, type DispatchDeps } from './dispatch.ts';

export type DispatchInside = Omit<DispatchDeps, 'onFree' | 'onQuestion'> & {
  config: { DUE_POLL: Ms };
  wake(job: string): void;
};

const dispatchJob: Job<DispatchInside> = {
  name: 'dispatch',
  isUrgent: true,
  pause: ({ config }) => config.DUE_POLL,
  start(inside) {
    const { wake } = inside;
    return createDispatcher({ ...inside, onFree: () => wake('dispatch'), onQuestion: () => wake('ask') });
  },
};

export const DISPATCH_JOBS = [dispatchJob];

import type { Job } from '../base/job.ts';
import type { Ms } from '../core/time.ts';
import { createDispatcher, type DispatchDeps } from './dispatch.ts';

export type DispatchInside = Omit<DispatchDeps, 'onFree'> & { config: { DUE_POLL: Ms }; wake(job: string): void };

const dispatchJob: Job<DispatchInside> = {
  name: 'dispatch',
  isUrgent: true,
  pause: ({ config }) => config.DUE_POLL,
  start(inside) {
    const dispatcher = createDispatcher({ ...inside, onFree: () => inside.wake('dispatch') });
    return {
      async run() {
        const handled = await dispatcher.run();
        if (handled > 0) inside.wake('ask');
        return handled;
      },
      idle: dispatcher.idle,
    };
  },
};

export const DISPATCH_JOBS = [dispatchJob];

import { floodWatch } from '../base/flood.ts';
import type { Job } from '../base/job.ts';
import type { Meter } from '../base/meter.ts';
import { inBackground } from '../base/wait.ts';
import { type Ms, SECOND } from '../core/time.ts';
import { createDispatcher, type DispatchDeps } from './dispatch.ts';

export type DispatchInside = Omit<DispatchDeps, 'onFree' | 'onQuestion'> & {
  config: { DUE_POLL: Ms };
  /** Mail that was taken in. */
  queued: Pick<Meter, 'perSecond'>;
  wake(job: string): void;
};

/** More mail a second than this, taken in, is a flood: whoever hands it over waits for the answer, and so it goes first. */
const FLOOD = 200;
/**
 * In a flood all mail but access mail rests for so many times as long as it took to look at some of it and to begin to hand
 * it over, and not for longer than a second.
 */
const REST = 9;

const dispatchJob: Job<DispatchInside> = {
  name: 'dispatch',
  isUrgent: true,
  pause: ({ config }) => config.DUE_POLL,
  start(inside) {
    const { monotonic, wake } = inside;
    const dispatcher = createDispatcher({
      ...inside,
      onFree: () => wake('dispatch'),
      onQuestion: () => wake('ask'),
    });
    const isFlood = floodWatch(inside.queued, FLOOD, monotonic);
    let restsUntil = Number.NEGATIVE_INFINITY;
    return {
      ...dispatcher,
      async run() {
        const began = monotonic();
        const others = !isFlood() || began >= restsUntil;
        const handled = await dispatcher.run(undefined, others);
        if (others && handled > 0 && isFlood()) {
          const rest = Math.min(REST * (monotonic() - began), SECOND);
          restsUntil = monotonic() + rest;
          inBackground(rest, () => wake('dispatch'));
        }
        return handled;
      },
    };
  },
};

export const DISPATCH_JOBS = [dispatchJob];

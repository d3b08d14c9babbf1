import type { Job } from '../base/job.ts';
import { type Ms, SECOND } from '../core/time.ts';
import { countReceivers } from './receivers.ts';
import { type OutageSettings, rulesOf } from './settings.ts';
import { type WatchDeps, watchProviders } from './watch.ts';

export type OutageInside = Omit<WatchDeps, 'rules' | 'trialFrom'> & {
  config: OutageSettings;
  wake(job: string): void;
};

const PAUSE: Ms = 2 * SECOND;
const LEAST: Ms = SECOND / 4;

const healthJob: Job<OutageInside> = {
  name: 'health',
  pause: ({ config }) => Math.max(LEAST, Math.min(PAUSE, config.OUTAGE_STEADY / 20)),
  start(inside) {
    const { config } = inside;
    const deps = { ...inside, rules: rulesOf(config), trialFrom: config.OUTAGE_PROBE_FROM, found: new Map() };
    return {
      async run() {
        const changed = await watchProviders(deps);
        if (changed > 0) inside.wake('dispatch');
        // One that is suspected now may be known to be down at the next look.
        return changed;
      },
    };
  },
};

/** Where the events are read, what they say of receivers is written down for whoever watches the providers. */
const receiversJob: Job<OutageInside> = {
  name: 'receivers',
  pause: healthJob.pause,
  start: ({ config, ...inside }) => ({
    async run() {
      await countReceivers({ ...inside, rules: rulesOf(config) });
      return 0;
    },
  }),
};

export const OUTAGE_JOBS = [healthJob];
export const RECEIVER_JOBS = [receiversJob];

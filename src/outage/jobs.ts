import type { Job } from '../base/job.ts';
import { type Ms, SECOND } from '../core/time.ts';
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

export const OUTAGE_JOBS = [healthJob];

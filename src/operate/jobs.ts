import type { Job } from '../base/job.ts';
import { type Clock, HOUR } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { prune } from './prune.ts';

export type PruneInside = { store: Store; config: { RETENTION_DAYS: number }; now: Clock };

const pruneJob: Job<PruneInside> = {
  name: 'prune',
  pause: () => HOUR,
  start: ({ store, config, now }) => ({ run: () => prune({ store, retentionDays: config.RETENTION_DAYS, now }) }),
};

export const OPERATE_JOBS = [pruneJob];

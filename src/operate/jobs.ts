import type { Job } from '../base/job.ts';
import { type Clock, HOUR } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { prune } from './prune.ts';

export type PruneInside = { store: Store; config: { RETENTION_DAYS: number }; now: Clock; signal: AbortSignal };

const pruneJob: Job<PruneInside> = {
  name: 'prune',
  pause: () => HOUR,
  start: ({ config, ...inside }) => ({ run: () => prune({ ...inside, retentionDays: config.RETENTION_DAYS }) }),
};

export const OPERATE_JOBS = [pruneJob];

import type { Job } from '../base/job.ts';
import { type Clock, HOUR, type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { bulkStep } from './bulk.ts';
import { countAsked } from './count-asked.ts';
import { indexTerms } from './index-terms.ts';
import { prune } from './prune.ts';

export type PruneInside = { store: Store; config: { RETENTION_DAYS: number }; now: Clock; signal: AbortSignal };

const pruneJob: Job<PruneInside> = {
  name: 'prune',
  pause: () => HOUR,
  start: ({ config, ...inside }) => ({ run: () => prune({ ...inside, retentionDays: config.RETENTION_DAYS }) }),
};

/** What is found by its words may be a few seconds late. */
const searchJob: Job<Pick<PruneInside, 'store' | 'now' | 'signal'>> = {
  name: 'search',
  pause: () => 2 * SECOND,
  start: (inside) => ({ run: () => indexTerms(inside) }),
};

/** What usually is sent, and when. */
const sentJob: Job<Pick<PruneInside, 'store' | 'now' | 'signal'>> = {
  name: 'sent',
  pause: () => 30 * SECOND,
  start: (inside) => ({ run: () => countAsked(inside) }),
};

export type BulkInside = { store: Store; config: { BULK_RATE: number; LEASE: Ms }; now: Clock };

const bulkJob: Job<BulkInside> = {
  name: 'bulk',
  pause: () => SECOND,
  start: ({ store, config, now }) => ({
    run: () => bulkStep({ store, rate: config.BULK_RATE, lease: config.LEASE, now }),
  }),
};

export const OPERATE_JOBS = [pruneJob, searchJob, sentJob, bulkJob];

import type { Job } from '../base/job.ts';
import { dispatchJob } from '../dispatch/job.ts';
import { digestJob } from '../inbox/job.ts';
import { spoolJob, toldJob } from '../intake/job.ts';
import { pruneJob } from '../operate/job.ts';
import { askJob } from '../reconcile/job.ts';
import { alertJob, summaryJob } from '../tell/job.ts';
import type { Inside } from './inside.ts';

/** All that goes on in a daemon beside the answering of requests. */
export const JOBS: readonly Job<Inside>[] = [
  toldJob,
  spoolJob,
  digestJob,
  dispatchJob,
  askJob,
  alertJob,
  summaryJob,
  pruneJob,
];

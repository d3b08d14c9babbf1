import type { Job } from '../base/job.ts';
import { DISPATCH_JOBS } from '../dispatch/jobs.ts';
import { DRILL_JOBS } from '../drill/jobs.ts';
import { INBOX_JOBS } from '../inbox/jobs.ts';
import { INTAKE_JOBS } from '../intake/jobs.ts';
import { OPERATE_JOBS } from '../operate/jobs.ts';
import { OUTAGE_JOBS } from '../outage/jobs.ts';
import { RECONCILE_JOBS } from '../reconcile/jobs.ts';
import { TELL_JOBS } from '../tell/jobs.ts';
import type { Inside } from './inside.ts';

/** All that a daemon does besides answering requests. */
export const JOBS: readonly Job<Inside>[] = [
  ...INTAKE_JOBS,
  ...INBOX_JOBS,
  ...DISPATCH_JOBS,
  ...OUTAGE_JOBS,
  ...RECONCILE_JOBS,
  ...TELL_JOBS,
  ...OPERATE_JOBS,
  ...DRILL_JOBS,
];

import { BACKUP_JOBS } from '../backup/jobs.ts';
import type { Job } from '../base/job.ts';
import { CARE_JOBS } from '../care/jobs.ts';
import type { Role } from '../core/roles.ts';
import { DISPATCH_JOBS } from '../dispatch/jobs.ts';
import { DRILL_JOBS } from '../drill/jobs.ts';
import { EVENTS_JOBS } from '../events/jobs.ts';
import { INBOX_JOBS } from '../inbox/jobs.ts';
import { INTAKE_JOBS } from '../intake/jobs.ts';
import { OPERATE_JOBS } from '../operate/jobs.ts';
import { OUTAGE_JOBS, RECEIVER_JOBS } from '../outage/jobs.ts';
import { RECONCILE_JOBS } from '../reconcile/jobs.ts';
import { signsJob, TELL_JOBS } from '../tell/jobs.ts';
import type { Inside } from './inside.ts';
import { presenceJob } from './presence.ts';

/** What a daemon of each role does besides answering requests. */
const JOBS_OF: Record<Role, readonly Job<Inside>[]> = {
  web: [],
  digest: [...INTAKE_JOBS, ...INBOX_JOBS, ...RECEIVER_JOBS],
  dispatch: [...DISPATCH_JOBS, ...OUTAGE_JOBS],
  reconcile: [...RECONCILE_JOBS, ...OPERATE_JOBS, ...CARE_JOBS],
  tell: [...TELL_JOBS, ...EVENTS_JOBS, ...DRILL_JOBS, ...BACKUP_JOBS],
};

export const jobsOf = (roles: readonly Role[]): Job<Inside>[] => [
  presenceJob,
  signsJob,
  ...roles.flatMap((role) => JOBS_OF[role]),
];

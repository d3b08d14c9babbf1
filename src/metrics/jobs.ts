import { type Clock, SECOND } from '../core/time.ts';
import type { Tally } from './tally.ts';

type Run = () => Promise<number>;
export type Counting = (job: string, run: Run) => Run;

/** The same runs, with what they do, how long they take and how often they fail counted by job. */
export function countingJobs(tally: Tally, jobs: readonly string[], monotonic: Clock): Counting {
  for (const job of jobs)
    for (const name of ['job_handled_total', 'job_failures_total', 'job_seconds_total'] as const)
      tally.count(name, [job], 0);
  return (job, run) => async () => {
    const began = monotonic();
    try {
      const handled = await run();
      tally.count('job_handled_total', [job], handled);
      return handled;
    } catch (error) {
      tally.count('job_failures_total', [job]);
      throw error;
    } finally {
      tally.count('job_seconds_total', [job], (monotonic() - began) / SECOND);
    }
  };
}

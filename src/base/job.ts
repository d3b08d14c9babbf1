import type { Ms } from '../core/time.ts';

/** Something that is done over and over: at once while there is work, else after a pause or when somebody wakes it. */
export type Job<Inside> = {
  name: string;
  /** Between two runs of which the first found nothing to do. */
  pause(inside: Inside): Ms;
  start(inside: Inside): Running;
};

export type Running = {
  /** Does some of the work that there is; says how much. */
  run(): Promise<number>;
  /** Resolves when what was begun and not waited for is over. */
  idle?(): Promise<void>;
};

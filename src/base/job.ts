import type { Ms } from '../core/time.ts';

/**
 * Something that is done over and over: again at once when it found work, otherwise after a pause or when it is woken.
 */
export type Job<Inside> = {
  name: string;
  /** Mail waits for it, so the other jobs let it go first. */
  isUrgent?: boolean;
  /** How long to wait after a run that found nothing to do. */
  pause(inside: Inside): Ms;
  start(inside: Inside): Running;
};

export type Running = {
  /** Does some of the work that there is; says how much. */
  run(): Promise<number>;
  /** Resolves when the work is over that runs have begun without waiting for it. */
  idle?(): Promise<void>;
};

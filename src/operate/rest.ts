import { sleep } from '../base/wait.ts';
import type { Ms } from '../core/time.ts';

/** So many times as long as the work took. */
const REST = 4;
const LEAST: Ms = 20;

/** Rests after a bite of work that can wait: others have the database for most of the time. */
export const restAfter = (took: Ms, signal?: AbortSignal): Promise<void> => sleep(Math.max(LEAST, REST * took), signal);

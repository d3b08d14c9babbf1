import type { Ms } from '../core/time.ts';

/**
 * When something that is under way has to end. The signal fires at that moment; `at` is the same moment on the
 * monotonic clock. Whoever goes on after a wait compares with `at`, because after a pause of the process the timer
 * behind the signal may be late.
 */
export type Deadline = { signal: AbortSignal; at: Ms };

/** A deadline `ms` from now, in whole milliseconds as timers take them. Zero or less gives one that has passed. */
export function within(ms: Ms): Deadline {
  return { signal: AbortSignal.timeout(Math.max(0, Math.floor(ms))), at: performance.now() + ms };
}

/** A deadline `ms` from now, or the other one if that comes first. */
export function sooner(ms: Ms, other: Deadline | null): Deadline {
  return other !== null && other.at <= performance.now() + ms ? other : within(ms);
}

import type { Ms } from '../core/time.ts';

/**
 * The end of something that is under way. The signal ends it; `at` is on the clock that never goes back, for a process that
 * was paused and finds what it waited for before its timers go off.
 */
export type Deadline = { signal: AbortSignal; at: Ms };

/** Time that is over already gives a deadline that has passed. Parts of a millisecond, which a timer can't take, don't count. */
export function within(ms: Ms): Deadline {
  return { signal: AbortSignal.timeout(Math.max(0, Math.floor(ms))), at: performance.now() + ms };
}

/** At the latest in `ms`, and not after the other one. */
export function sooner(ms: Ms, other: Deadline | null): Deadline {
  const own = within(ms);
  if (other === null) return own;
  return { signal: AbortSignal.any([own.signal, other.signal]), at: Math.min(own.at, other.at) };
}

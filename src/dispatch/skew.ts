import { MINUTE, type Ms, SECOND } from '../core/time.ts';

/** Tells by how much our clock is behind that of the provider; null when that is not known. */
export type SlowBy = () => Ms | null;

/** Their clock is read to the second, and some time after it was. */
const EXACT: Ms = 3 * SECOND;
/** Clocks that differ by more are wrong beyond use, and told of by an alert. */
const USABLE: Ms = 10 * MINUTE;

/**
 * Daemons on several machines hold deliveries by their own clocks. The provider's is the one that all of them hear: what
 * each knows of its own error keeps them from taking each other's hand-overs for dead.
 */
export function skewOf(slowBy: SlowBy | undefined): { slow: Ms; ahead: Ms } {
  const off = slowBy?.() ?? 0;
  if (Math.abs(off) <= EXACT || Math.abs(off) > USABLE) return { slow: 0, ahead: 0 };
  return { slow: Math.max(0, off), ahead: Math.max(0, -off) };
}

import { type Ms, SECOND } from './time.ts';

/** Hand-overs are counted by the time that they took: up to so many seconds, or longer. */
const STEPS = [1, 2, 5, 10, 30] as const;
const TOOK = ['took1', 'took2', 'took5', 'took10', 'took30', 'longer'] as const;
export type Took = (typeof TOOK)[number];

/** How many hand-overs took how long. */
export type Latencies = Readonly<Partial<Record<Took, number>>>;

export const tookOf = (length: Ms): Took => TOOK[STEPS.findIndex((step) => length <= step * SECOND)] ?? 'longer';

/** Of so many hand-overs so many were slow: they took longer than `limit`. */
export type Slowness = { timed: number; slow: number; limit: Ms };

/** Before so many are known, nobody can say what is usual. */
const LEAST_KNOWN = 20;
/** Slow is what takes so many times as long as usual, but never less than the one, and always more than the other. */
const TIMES = 5;
const LEAST_LIMIT = 5;
const MOST_LIMIT = 30;

/** How slow hand-overs were of late, by how long they took before. */
export function slownessIn(lately: Latencies, before: Latencies): Slowness {
  const wanted = Math.min(MOST_LIMIT, Math.max(LEAST_LIMIT, TIMES * (usualIn(before) ?? 0)));
  const step = STEPS.findIndex((one) => one >= wanted);
  return { timed: sum(lately, 0), slow: sum(lately, step + 1), limit: (STEPS[step] ?? MOST_LIMIT) * SECOND };
}

/** The step, in seconds, within which a quarter of them were over: what is slow for half an hour is not usual yet. */
function usualIn(before: Latencies): number | null {
  const all = sum(before, 0);
  if (all < LEAST_KNOWN) return null;
  return STEPS.find((_, n) => 4 * (all - sum(before, n + 1)) >= all) ?? MOST_LIMIT;
}

const sum = (counts: Latencies, from: number): number =>
  TOOK.slice(from).reduce((total, took) => total + (counts[took] ?? 0), 0);

import type { Ms } from '../time.ts';
import { timeBucket } from './counts.ts';

/** Times in buckets: how many, and their sum. */
export type Histogram = ReadonlyMap<number, { n: number; ms: Ms }>;

export type Times = {
  /** How many deliveries were timed. */
  n: number;
  median: Ms | null;
  p95: Ms | null;
  within: (limit: Ms) => number;
};

/** Off by less than one bucket (10 %), and exact where a bucket holds one time, or the same time over and over. */
export function timesOf(histogram: Histogram): Times {
  const buckets = [...histogram].filter(([, b]) => b.n > 0).sort(([a], [b]) => a - b);
  const n = buckets.reduce((sum, [, b]) => sum + b.n, 0);
  const at = (rank: number): Ms => {
    let passed = 0;
    for (const [, b] of buckets) {
      passed += b.n;
      if (rank <= passed) return b.ms / b.n;
    }
    return 0;
  };
  return {
    n,
    // The mean of the two in the middle, as everybody means it; the 95th percentile by nearest rank.
    median: n === 0 ? null : Math.round((at(Math.floor((n + 1) / 2)) + at(Math.ceil((n + 1) / 2))) / 2),
    p95: n === 0 ? null : Math.round(at(Math.ceil(0.95 * n))),
    within: (limit) => buckets.filter(([i]) => i <= timeBucket(limit)).reduce((sum, [, b]) => sum + b.n, 0),
  };
}

/** The histogram in a few broad steps, for a picture. Exact where the limits are bounds of buckets. */
export function steps(histogram: Histogram, limits: readonly Ms[]): number[] {
  const { n, within } = timesOf(histogram);
  const upTo = [...limits.map(within), n];
  return upTo.map((sum, i) => sum - (upTo[i - 1] ?? 0));
}

import { HOUR, MINUTE, type Ms, SECOND } from '../time.ts';

/**
 * Upper bounds (inclusive) of the buckets in which times to delivery are counted: each at most 10 % above the one before,
 * and exact at the limits that summaries speak of. With the sum of the times kept beside the count, a figure read from a
 * bucket is its mean: exact when it holds one time, and never more than 10 % off.
 */
export const TIME_BOUNDS: readonly Ms[] = timeBounds([
  SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  4 * HOUR,
  24 * HOUR,
  96 * HOUR,
]);

function timeBounds(anchors: readonly Ms[]): Ms[] {
  const bounds = anchors.slice(0, 1);
  for (const [i, to] of anchors.slice(1).entries()) {
    const from = anchors[i] ?? 1;
    const steps = Math.ceil(Math.log(to / from) / Math.log(1.1));
    for (let n = 1; n <= steps; n++) bounds.push(n === steps ? to : Math.round(from * (to / from) ** (n / steps)));
  }
  return bounds;
}

/** The bucket of a time; the last one has no upper bound. */
export function timeBucket(took: Ms): number {
  let [low, high] = [0, TIME_BOUNDS.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (took <= (TIME_BOUNDS[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

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
    // For an even number the median is the mean of the two in the middle. The 95th percentile goes by nearest rank.
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

/** Several histograms as one. */
export function merged(all: readonly Histogram[]): Histogram {
  const sum = new Map<number, { n: number; ms: Ms }>();
  for (const histogram of all) {
    for (const [bucket, { n, ms }] of histogram) {
      const known = sum.get(bucket) ?? { n: 0, ms: 0 };
      sum.set(bucket, { n: known.n + n, ms: known.ms + ms });
    }
  }
  return sum;
}

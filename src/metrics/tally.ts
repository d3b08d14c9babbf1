import { METRICS, type MetricName } from './list.ts';

/** The values of one metric: one for each set of labels, which stand in the order of the list. */
export type Sample = { name: MetricName; labels: readonly string[]; value: number };

/** A histogram for one set of labels; `counts` has one number for each bound, and a last one for what is above all of them. */
export type Spread = { name: MetricName; labels: readonly string[]; counts: readonly number[]; sum: number };

/** What was measured, as plain values: it can be sent to another thread. */
export type Reading = { samples: readonly Sample[]; spreads: readonly Spread[] };

/** Counts and times things in memory, which costs next to nothing. It only ever grows, and starts from nothing with its thread. */
export type Tally = {
  count(name: MetricName, labels: readonly string[], n?: number): void;
  /** Puts a time into its bucket, in seconds. */
  time(name: MetricName, labels: readonly string[], seconds: number): void;
  /** Has a histogram there before anything is in it. */
  start(name: MetricName, labels: readonly string[]): void;
  read(): Reading;
};

/** All values of labels are of closed lists; should one not be, a metric does not grow without end. */
const MOST_SERIES = 1000;

type Mutable = { labels: readonly string[]; counts: number[]; sum: number };

export function createTally(): Tally {
  const counters = new Map<MetricName, Map<string, { labels: readonly string[]; value: number }>>();
  const histograms = new Map<MetricName, Map<string, Mutable>>();
  const spreadOf = (name: MetricName, labels: readonly string[]): Mutable | null => {
    const buckets = (METRICS[name].bounds?.length ?? 0) + 1;
    const fresh = () => ({ labels, counts: Array<number>(buckets).fill(0), sum: 0 });
    return seriesOf(histograms, name, labels, fresh);
  };
  return {
    start: (name, labels) => void spreadOf(name, labels),
    count(name, labels, n = 1) {
      const found = seriesOf(counters, name, labels, () => ({ labels, value: 0 }));
      if (found) found.value += n;
    },
    time(name, labels, seconds) {
      const found = spreadOf(name, labels);
      if (!found) return;
      const { bounds = [] } = METRICS[name];
      const above = bounds.findIndex((bound) => seconds <= bound);
      const bucket = above < 0 ? bounds.length : above;
      found.counts[bucket] = (found.counts[bucket] ?? 0) + 1;
      found.sum += seconds;
    },
    read: () => ({
      samples: [...counters].flatMap(([name, series]) => [...series.values()].map((one) => ({ name, ...one }))),
      spreads: [...histograms].flatMap(([name, series]) =>
        [...series.values()].map(({ labels, counts, sum }) => ({ name, labels, counts: [...counts], sum })),
      ),
    }),
  };
}

function seriesOf<S>(
  all: Map<MetricName, Map<string, S>>,
  name: MetricName,
  labels: readonly string[],
  make: () => S,
): S | null {
  const series = all.get(name) ?? new Map<string, S>();
  all.set(name, series);
  const key = labels.join('\n');
  const known = series.get(key);
  if (known || series.size >= MOST_SERIES) return known ?? null;
  const made = make();
  series.set(key, made);
  return made;
}

/** What several threads measured, as one. The same series of two threads is added up. */
export function joined(readings: readonly Reading[]): Reading {
  const samples = new Map<string, Sample>();
  for (const sample of readings.flatMap((one) => one.samples)) {
    const key = [sample.name, ...sample.labels].join('\n');
    samples.set(key, { ...sample, value: sample.value + (samples.get(key)?.value ?? 0) });
  }
  const spreads = new Map<string, Spread>();
  for (const spread of readings.flatMap((one) => one.spreads)) {
    const key = [spread.name, ...spread.labels].join('\n');
    const known = spreads.get(key);
    const counts = spread.counts.map((n, i) => n + (known?.counts[i] ?? 0));
    spreads.set(key, { ...spread, counts, sum: spread.sum + (known?.sum ?? 0) });
  }
  return { samples: [...samples.values()], spreads: [...spreads.values()] };
}

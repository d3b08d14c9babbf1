import type { MetricValue } from 'prom-client';
import { fullName, METRIC_NAMES, METRICS, type MetricName } from './list.ts';
import type { Reading, Spread } from './tally.ts';

export type Exposed = { text: string; contentType: string };

type Value = MetricValue<string> & { metricName?: string };

/** As Prometheus reads it. What nothing was measured of is left out. prom-client is loaded by the first scrape. */
export async function expose({ samples, spreads }: Reading): Promise<Exposed> {
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  for (const name of METRIC_NAMES) {
    const values: Value[] = [
      ...samples
        .filter((one) => one.name === name)
        .map(({ labels, value }) => ({ labels: named(name, labels), value })),
      ...spreads.filter((one) => one.name === name).flatMap(bucketsOf),
    ];
    if (values.length > 0) registry.registerMetric(withValues(name, values) as never);
  }
  return { text: await registry.metrics(), contentType: registry.contentType };
}

const named = (name: MetricName, labels: readonly string[]): Record<string, string> =>
  Object.fromEntries(METRICS[name].labels.map((label, i) => [label, labels[i] ?? '']));

/** A metric whose values are there already: prom-client would have each of them set, or observed, anew. */
const withValues = (name: MetricName, values: readonly Value[]) => ({
  name: fullName(name),
  get: async () => ({
    name: fullName(name),
    help: METRICS[name].says.replaceAll('`', ''),
    type: METRICS[name].type,
    values: [...values],
  }),
});

function bucketsOf({ name, labels, counts, sum }: Spread): Value[] {
  const { bounds = [] } = METRICS[name];
  const own = named(name, labels);
  const part = (suffix: string, value: number, more: Record<string, string | number> = {}): Value => ({
    ...{ metricName: `${fullName(name)}_${suffix}`, labels: { ...more, ...own }, value },
  });
  const upTo = (bucket: number): number => counts.slice(0, bucket + 1).reduce((all, n) => all + n, 0);
  const buckets = counts.map((_, i) => part('bucket', upTo(i), { le: bounds[i] ?? '+Inf' }));
  return [...buckets, part('sum', sum), part('count', upTo(counts.length))];
}

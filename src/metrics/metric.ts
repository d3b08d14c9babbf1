/** What one metric says. The documentation is made from this. */
export type Metric = {
  type: 'counter' | 'gauge' | 'histogram';
  /** What their values may be is closed: classes, states, providers that are configured; never an address or a domain. */
  labels: readonly string[];
  /** `database`: each daemon of one database says the same. `process`: what this one did, or how it is. */
  of: 'database' | 'process';
  unit: string;
  says: string;
  /** What to do with it. */
  use: string;
  /** Upper bounds of the buckets of a histogram. */
  bounds?: readonly number[];
};

/** Begins the name of each. */
export const PREFIX = 'homing_';

type Said = Omit<Metric, 'type' | 'of' | 'bounds'>;

export const counter = (said: Said): Metric => ({ type: 'counter', of: 'process', ...said });
export const histogram = (bounds: readonly number[], said: Omit<Said, 'unit'>): Metric => ({
  ...{ type: 'histogram', of: 'process', unit: 'seconds', bounds },
  ...said,
});
export const gauge = (of: Metric['of'], said: Said): Metric => ({ type: 'gauge', of, ...said });

/** The metrics of one subject, by their names without the prefix. */
export const chapter = <const M extends Record<string, Metric>>(title: string, metrics: M) => ({ title, metrics });

import { MAIL } from './mail-metrics.ts';
import { type Metric, PREFIX } from './metric.ts';
import { PROCESS } from './process-metrics.ts';
import { PROVIDERS } from './provider-metrics.ts';
import { WORK } from './work-metrics.ts';

/** All that is measured, in the order in which the documentation tells of it. */
export const CHAPTERS = [MAIL, PROVIDERS, WORK, PROCESS] as const;

const ALL = { ...MAIL.metrics, ...PROVIDERS.metrics, ...WORK.metrics, ...PROCESS.metrics };

export type MetricName = keyof typeof ALL;

export const METRICS: Readonly<Record<MetricName, Metric>> = ALL;

export const METRIC_NAMES = Object.keys(ALL) as MetricName[];

export const fullName = (name: MetricName): string => PREFIX + name;

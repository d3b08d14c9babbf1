import { isEnded, STATES } from '../../core/delivery.ts';
import type { What } from '../../core/figures/counts.ts';
import { QUARTER, type Range, SPANS, type Span } from '../../core/figures/cover.ts';
import { LOST_STATES } from '../../core/figures/figures.ts';
import type { DayBar } from '../../core/figures/summary.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';

export type Day = Range & { day: string };

/** What became of the deliveries of each of these days, in one statement over the coarsest buckets that fit them. */
export async function dailyBars(store: Store, days: readonly Day[]): Promise<DayBar[]> {
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return [];
  const bars = days.map(({ day }) => ({ day, firstTry: 0, afterRetry: 0, byFallback: 0, lost: 0, other: 0 }));
  let at = 0;
  for (const { bucket, what, value, n } of await sumsByBucket(store, spanFor(days), {
    from: first.from,
    to: last.to,
  })) {
    while (bucket >= (days[at]?.to ?? Number.POSITIVE_INFINITY)) at++;
    const [bar, part] = [bars[at], partOf(what, value)];
    if (bar && part) bar[part] += n;
  }
  return bars;
}

const spanFor = (days: readonly Day[]): Span =>
  SPANS.find((span) => days.every((d) => d.from % span === 0 && d.to % span === 0)) ?? QUARTER;

type BucketSum = { bucket: Ms; what: What; value: string; n: number };

async function sumsByBucket({ db }: Store, span: Span, { from, to }: Range): Promise<BucketSum[]> {
  const rows = (await db('rollups')
    .where({ span })
    .whereIn('what', ['outcome', 'state'])
    // How these arrived is an outcome.
    .whereNotIn('value', ['delivered', 'relayed'])
    .where('bucket', '>=', from)
    .where('bucket', '<', to)
    .groupBy('bucket', 'what', 'value')
    .select('bucket', 'what', 'value')
    .sum({ n: 'n' })) as BucketSum[];
  return rows
    .map((row) => ({ ...row, bucket: Number(row.bucket), n: Number(row.n) }))
    .sort((a, b) => a.bucket - b.bucket);
}

type BarPart = Exclude<keyof DayBar, 'day'>;

function partOf(what: What, value: string): BarPart | null {
  if (what === 'outcome') return ARRIVALS[value] ?? 'afterRetry';
  const state = STATES.find((s) => s === value);
  if (!state) return null;
  if (LOST_STATES.some((lost) => lost === state)) return 'lost';
  return !isEnded(state) || state === 'cancelled' ? 'other' : null;
}

const ARRIVALS: Readonly<Record<string, BarPart>> = { first_try: 'firstTry', fallback: 'byFallback' };

import { isEnded, STATES } from '../../core/delivery.ts';
import type { What } from '../../core/figures/counts.ts';
import { QUARTER, type Range, SPANS, type Span } from '../../core/figures/cover.ts';
import { LOST_STATES } from '../../core/figures/figures.ts';
import type { DayBar } from '../../core/figures/summary.ts';
import type { Store } from '../db/open.ts';

export type Day = Range & { day: string };

/** What became of the deliveries of each of these days, in one statement over the coarsest buckets that fit them. */
export async function dailyBars(store: Store, days: readonly Day[]): Promise<DayBar[]> {
  if (days.length === 0) return [];
  const bars = days.map(({ day }) => ({ day, firstTry: 0, afterRetry: 0, byFallback: 0, lost: 0, other: 0 }));
  for (const { day, what, value, n } of await sumsByDay(store, days)) {
    const [bar, part] = [bars[day], partOf(what, value)];
    if (bar && part) bar[part] += n;
  }
  return bars;
}

const spanFor = (days: readonly Day[]): Span =>
  SPANS.find((span) => days.every((d) => d.from % span === 0 && d.to % span === 0)) ?? QUARTER;

/** `day` counts from the first one. */
type DaySum = { day: number; what: What; value: string; n: number };

/** One part of the statement for each day, in which the database adds: there are thousands of buckets. */
async function sumsByDay({ db }: Store, days: readonly Day[]): Promise<DaySum[]> {
  const span = spanFor(days);
  const parts = days.map(({ from, to }, day) =>
    db('rollups')
      .where({ span })
      .whereIn('what', ['outcome', 'state'])
      // How these arrived is an outcome.
      .whereNotIn('value', ['delivered', 'relayed'])
      .where('bucket', '>=', from)
      .where('bucket', '<', to)
      .groupBy('what', 'value')
      .select(db.raw('? as ??', [day, 'day']), 'what', 'value', db.raw('sum(n) as n')),
  );
  const rows: DaySum[] = await db.unionAll(parts);
  return rows.map((row) => ({ ...row, day: Number(row.day), n: Number(row.n) }));
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

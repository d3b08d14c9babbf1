import type { What } from '../core/figures/counts.ts';
import { figuresOf, groupsOf } from '../core/figures/figures.ts';
import type { Period, Summary } from '../core/figures/summary.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { alertsSent, dailyBars, lostDeliveries, placesOf, troubles } from '../store/figures/places.ts';
import { figures, foldPending } from '../store/figures/rollup.ts';
import { daysBefore, eachDay } from './summary/days.ts';

/** All but the places, which are read by themselves: there may be as many as there are recipients. */
const WHATS: readonly What[] = [
  'messages',
  'deliveries',
  'state',
  'outcome',
  'reason',
  'time',
  'double',
  'found',
  'cause',
  'retry',
];
const COMPARED: readonly What[] = ['messages', 'deliveries', 'state', 'outcome', 'time', 'double'];
const PICTURE_DAYS = 30;

export type SummaryOptions = {
  now: Ms;
  details: 'summary' | 'full' /** How many to list; 10 unless told. */;
  places?: number;
};

/** The summary of a period as its figures are now: what comes later changes it truthfully. */
export async function summaryOf(store: Store, period: Period, options: SummaryOptions): Promise<Summary> {
  const { from, to, days } = period;
  while ((await foldPending(store)) > 0);
  const previous = daysBefore(period, days);
  const week = daysBefore(period, 7);
  const sums = await figures(store, from, to, WHATS);
  return {
    period,
    generatedAt: options.now,
    total: figuresOf(sums),
    groups: groupsOf(sums),
    before: figuresOf(await figures(store, previous.from, previous.to, COMPARED)),
    week: figuresOf(await figures(store, week.from, week.to, COMPARED)),
    weekShare: days / 7,
    places: await placesOf(store, from, to, options.places ?? 10),
    alertsSent: await alertsSent(store, from, to),
    troubles: await troubles(store, from, to),
    daily: await dailyBars(store, eachDay(period, Math.max(PICTURE_DAYS, Math.min(days, 92)))),
    lost: options.details === 'full' ? await lostDeliveries(store, from, to, 200) : null,
  };
}

import type { What } from '../core/figures/counts.ts';
import { figuresOf, groupsOf } from '../core/figures/figures.ts';
import type { Period, Summary } from '../core/figures/summary.ts';
import type { Ms } from '../core/time.ts';
import { backupState, lastRestoreDrill } from '../store/backups.ts';
import type { Store } from '../store/db/open.ts';
import { lastDrill } from '../store/drills.ts';
import { dailyBars } from '../store/figures/daily.ts';
import { alertsSent, troubles } from '../store/figures/incidents.ts';
import { lostDeliveries } from '../store/figures/lost.ts';
import { foldPending } from '../store/figures/pending.ts';
import { placesOf } from '../store/figures/places.ts';
import { readSums, readTotals } from '../store/figures/read-sums.ts';
import { daysBefore, eachDay } from './summary/days.ts';

/**
 * All figures but those by place. Those are read for the largest places alone, because there may be as many places as
 * recipients.
 */
const WHATS: readonly What[] = [
  'messages',
  'deliveries',
  'state',
  'outcome',
  'reason',
  'time',
  'double',
  'copy',
  'found',
  'cause',
  'retry',
];
const COMPARED: readonly What[] = ['messages', 'deliveries', 'state', 'outcome', 'time', 'double', 'copy'];
/** How many deliveries are named; the figures count all of them. */
const MOST_LOST = 200;

export type SummaryOptions = {
  now: Ms;
  /** With `full`, recipients and subjects of what did not arrive are in it. */
  details: 'summary' | 'full';
  /** How many recipient domains and causes to list; 10 unless told. */
  places?: number;
};

/** The summary of a period as its figures are now. Events that come later change it. */
export async function summaryOf(store: Store, period: Period, options: SummaryOptions): Promise<Summary> {
  while ((await foldPending(store)) > 0);
  const sums = await readSums(store, period, WHATS);
  return {
    period,
    generatedAt: options.now,
    total: figuresOf(sums),
    groups: groupsOf(sums),
    ...(await earlier(store, period)),
    weekShare: period.days / 7,
    places: await placesOf(store, period, options.places ?? 10),
    alertsSent: await alertsSent(store, period),
    troubles: await troubles(store, period),
    drill: await lastDrill(store, options.now),
    backups: await backupsOf(store),
    daily: await dailyBars(store, eachDay(period, picturedDays(period))),
    lost: options.details === 'full' ? await lostDeliveries(store, period, MOST_LOST) : null,
  };
}

/** One of the two is the end of the other, so it is read once. */
async function earlier(store: Store, period: Period): Promise<Pick<Summary, 'before' | 'week'>> {
  const [before, week] = [daysBefore(period, period.days), daysBefore(period, 7)];
  const [long, short] = period.days > 7 ? [before, week] : [week, before];
  const end = await readTotals(store, short, COMPARED);
  const start = await readTotals(store, { from: long.from, to: short.from }, COMPARED);
  const [whole, part] = [figuresOf([...start, ...end]), figuresOf(end)];
  return long === before ? { before: whole, week: part } : { before: part, week: whole };
}

async function backupsOf(store: Store): Promise<Summary['backups']> {
  const state = await backupState(store);
  if (state.good === null && state.failure === null) return null;
  return { state, drill: await lastRestoreDrill(store) };
}

/** A month, or the whole of a longer period up to a quarter of a year. */
const picturedDays = ({ days }: Period): number => Math.max(30, Math.min(days, 92));

import { isEnded, STATES } from '../../core/delivery.ts';
import type { What } from '../../core/figures/counts.ts';
import { cover, type Piece, type Range } from '../../core/figures/cover.ts';
import { LOST_STATES } from '../../core/figures/figures.ts';
import type { DayBar } from '../../core/figures/summary.ts';
import { groupBy } from '../../core/group.ts';
import type { Store } from '../db/open.ts';

export type Day = Range & { day: string };

/** What became of the deliveries of each of these days, in one statement over the pieces that cover them. */
export async function dailyBars(store: Store, days: readonly Day[]): Promise<DayBar[]> {
  const bars = days.map((range) => ({
    range,
    bar: { day: range.day, firstTry: 0, afterRetry: 0, byFallback: 0, lost: 0, other: 0 },
  }));
  const pieces = bars.flatMap(({ range, bar }) => cover(range).map((piece) => ({ ...piece, bar })));
  // What is taken away at the end of a day is mostly what the next one begins with.
  const shared = [...groupBy(pieces, ({ span, from, to }) => `${span} ${from} ${to}`).values()];
  const sums = await sumsOfEach(
    store,
    shared.map(([piece]) => piece),
  );
  for (const { piece, what, value, n } of sums) {
    const part = partOf(what, value);
    if (part) for (const { bar, sign } of shared[piece] ?? []) bar[part] += sign * n;
  }
  return bars.map(({ bar }) => bar);
}

/** `piece` counts from the first one. */
type PieceSum = { piece: number; what: What; value: string; n: number };

/** One part of the statement for each piece, in which the database adds: there are thousands of rows. */
async function sumsOfEach({ db }: Store, pieces: readonly Piece[]): Promise<PieceSum[]> {
  if (pieces.length === 0) return [];
  const parts = pieces.map(({ span, from, to }, piece) =>
    db('rollups')
      .where({ span })
      .whereIn('what', ['outcome', 'state'])
      // How these arrived is an outcome.
      .whereNotIn('value', ['delivered', 'relayed'])
      .where('bucket', '>=', from)
      .where('bucket', '<', to)
      .groupBy('value', 'what')
      .select(db.raw('? as piece', [piece]), 'what', 'value', db.raw('sum(n) as n')),
  );
  const rows: PieceSum[] = await db.unionAll(parts);
  return rows.map((row) => ({ ...row, piece: Number(row.piece), n: Number(row.n) }));
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

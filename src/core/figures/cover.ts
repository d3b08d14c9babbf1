import { DAY, HOUR, type Ms } from '../time.ts';
import { QUARTER } from './counts.ts';

/** Lengths of the buckets that figures are kept in: each day of UTC, each hour, each quarter of an hour. */
export const SPANS = [DAY, HOUR, QUARTER] as const;
export type Span = (typeof SPANS)[number];

export type Piece = { span: Span; from: Ms; to: Ms };

/** Covers a period with as few buckets as can be: quarters and hours at its ends, days between. Each moment is in one piece. */
export function cover(from: Ms, to: Ms, spans: readonly Span[] = SPANS): Piece[] {
  const [span, ...finer] = spans;
  if (span === undefined || from >= to) return [];
  const floor = (at: Ms) => Math.floor(at / span) * span;
  if (finer.length === 0) return [{ span, from: floor(from), to: floor(to) }].filter((p) => p.from < p.to);
  const [start, end] = [-floor(-from), floor(to)];
  if (start >= end) return cover(from, to, finer);
  return [...cover(from, start, finer), { span, from: start, to: end }, ...cover(end, to, finer)];
}

import { DAY, HOUR, MINUTE, type Ms } from '../time.ts';

export const QUARTER: Ms = 15 * MINUTE;

/** All offsets from UTC in use are whole quarters of an hour, so days of any timezone are sums of these. */
export const quarterOf = (at: Ms): Ms => Math.floor(at / QUARTER) * QUARTER;

/** Lengths of the buckets that figures are kept in: each day of UTC, each hour, each quarter of an hour. */
export const SPANS = [DAY, HOUR, QUARTER] as const;
export type Span = (typeof SPANS)[number];

/** From a moment on, up to another that is no part of it. */
export type Range = { from: Ms; to: Ms };

/** Buckets of one length, one after the other. */
export type Piece = Range & { span: Span };

/** Covers a range with as few buckets as can be: quarters and hours at its ends, days between. Each moment is in one piece. */
export function cover({ from, to }: Range, spans: readonly Span[] = SPANS): Piece[] {
  const [span, ...finer] = spans;
  if (span === undefined || from >= to) return [];
  const floor = (at: Ms) => Math.floor(at / span) * span;
  if (finer.length === 0) return [{ span, from: floor(from), to: floor(to) }].filter((p) => p.from < p.to);
  const [start, end] = [-floor(-from), floor(to)];
  if (start >= end) return cover({ from, to }, finer);
  return [...cover({ from, to: start }, finer), { span, from: start, to: end }, ...cover({ from: end, to }, finer)];
}

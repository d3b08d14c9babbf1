import { DAY, HOUR, MINUTE, type Ms } from '../time.ts';

export const QUARTER: Ms = 15 * MINUTE;

/** All offsets from UTC in use are whole quarters of an hour, so days of any timezone are sums of these. */
export const quarterOf = (at: Ms): Ms => Math.floor(at / QUARTER) * QUARTER;

/** Lengths of the buckets that figures are kept in: each day of UTC, each hour, each quarter of an hour. */
export const SPANS = [DAY, HOUR, QUARTER] as const;
export type Span = (typeof SPANS)[number];

/** From a moment on, up to another that is no part of it. */
export type Range = { from: Ms; to: Ms };

/** Buckets of one length, one after the other, to be added or (-1) taken away. */
export type Piece = Range & { span: Span; sign: 1 | -1 };

/**
 * Covers a range with few buckets: both of its ends are rounded to the nearest bucket, and finer ones make up for the
 * difference, whichever way it goes.
 */
export const cover = ({ from, to }: Range): Piece[] => piecesBetween(quarterOf(from), quarterOf(to), SPANS);

/** From a later moment to an earlier one all signs are the other way round. */
function piecesBetween(from: Ms, to: Ms, [span, ...finer]: readonly Span[]): Piece[] {
  if (span === undefined) return [];
  const nearest = (at: Ms) => Math.round(at / span) * span;
  const [start, end] = [nearest(from), nearest(to)];
  const isFineCheaper = Math.abs(to - from) <= Math.abs(start - from) + Math.abs(to - end);
  if (isFineCheaper) return piecesBetween(from, to, finer);
  const piece: Piece = { span, from: Math.min(start, end), to: Math.max(start, end), sign: start < end ? 1 : -1 };
  return [...piecesBetween(from, start, finer), piece, ...piecesBetween(end, to, finer)];
}

/** A day of the week and a minute of the day as clocks on a wall show them; Monday is 1. */
export type WallTime = { day: number; minute: number };

/** From a minute of the day until before another; what ends before it begins ends on the next day. */
export type Hours = { from: number; to: number };

export const EVERY_DAY: readonly number[] = [1, 2, 3, 4, 5, 6, 7];

/**
 * Whether it is then, on one of these days. Each moment has one time on the wall, also in the nights in which an hour is
 * left out or comes twice; so hours that cover a week leave no gap, and hours that do not overlap never hold together.
 */
export function isDuring({ day, minute }: WallTime, days: readonly number[], { from, to }: Hours): boolean {
  if (from < to) return days.includes(day) && minute >= from && minute < to;
  return (days.includes(day) && minute >= from) || (days.includes(day === 1 ? 7 : day - 1) && minute < to);
}

import type { Ms } from '../time.ts';

/** How much was sent at the same hour of earlier days and weeks, newest first; null where nothing was counted yet. */
export type Earlier = { days: readonly (number | null)[]; weeks: readonly (number | null)[] };

export const DAYS_BACK = [1, 2, 3, 4, 5, 6, 7] as const;
export const WEEKS_BACK = [1, 2, 3, 4] as const;

/** A time to look at, and the same time of earlier days and weeks. */
export type Compared = { now: Span; days: readonly Span[]; weeks: readonly Span[] };
export type Span = { from: Ms; to: Ms };

/** Of the last weeks so many have to agree, and of the last days so many: one of them may have been a holiday. */
const WEEKS_AGREE = 3;
const DAYS_AGREE = 6;

/**
 * How much is usually sent at this time; null when that can't be told. Usual is what was sent at this hour of this weekday in
 * three of four weeks, or on six of the last seven days, this weekday among them: so what is sent on workdays is not
 * missed at the weekend, and a weekly letter not on other days.
 */
export function usualOf({ days, weeks }: Earlier, least: number): number | null {
  const much = (counts: readonly (number | null)[]) => counts.filter((n): n is number => n !== null && n >= least);
  const weekly = much(weeks);
  if (weekly.length >= WEEKS_AGREE) return median(weekly);
  const daily = much(days);
  const sameWeekday = days.at(-1) ?? null;
  const isDaily = daily.length >= DAYS_AGREE && !days.includes(null) && sameWeekday !== null && sameWeekday >= least;
  return isDaily ? median(daily) : null;
}

function median(counts: readonly number[]): number {
  const inOrder = [...counts].sort((a, b) => a - b);
  return inOrder[Math.floor((inOrder.length - 1) / 2)] ?? 0;
}

import { DateTime } from 'luxon';
import { type Compared, DAYS_BACK, type Span, WEEKS_BACK } from '../../core/thresholds/flatline.ts';
import type { Ms } from '../../core/time.ts';

/** The time of that length up to a moment, and the same time by the clock on the wall of earlier days and weeks. */
export function comparedAt(to: Ms, length: Ms, timezone: string): Compared {
  const end = DateTime.fromMillis(to, { zone: timezone });
  const before = (back: { days: number } | { weeks: number }): Span => {
    const then = end.minus(back).toMillis();
    return { from: then - length, to: then };
  };
  return {
    now: { from: to - length, to },
    days: DAYS_BACK.map((days) => before({ days })),
    weeks: WEEKS_BACK.map((weeks) => before({ weeks })),
  };
}

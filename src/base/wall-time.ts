import { DateTime } from 'luxon';
import type { WallTime } from '../core/hours.ts';
import type { Ms } from '../core/time.ts';

/** What clocks on the wall show at a moment in a zone. */
export function wallTime(at: Ms, zone: string): WallTime {
  const { weekday, hour, minute } = DateTime.fromMillis(at, { zone });
  return { day: weekday, minute: 60 * hour + minute };
}

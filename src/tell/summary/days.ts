import { DateTime, IANAZone } from 'luxon';
import type { Range } from '../../core/figures/cover.ts';
import type { Period } from '../../core/figures/summary.ts';
import type { Ms } from '../../core/time.ts';

/** A period that can't be reported on; the message says why. */
export class BadPeriod extends Error {
  override readonly name = 'BadPeriod';
}

const MAX_DAYS = 400;

const start = (day: string, timezone: string): DateTime<true> => {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(day) ? DateTime.fromISO(day, { zone: timezone }) : null;
  if (!at?.isValid) throw new BadPeriod(`expected a day like 2026-11-21, found "${day.slice(0, 40)}"`);
  return at.startOf('day');
};

/** The calendar days from the first to the last, in that timezone: 23 or 25 hours long where clocks change. */
export function periodOf(firstDay: string, lastDay: string, timezone: string, now: Ms): Period {
  if (!IANAZone.isValidZone(timezone)) throw new BadPeriod(`there is no timezone "${timezone.slice(0, 40)}"`);
  const [first, last] = [start(firstDay, timezone), start(lastDay, timezone)];
  const today = dayAt(now, timezone);
  const future = [firstDay, lastDay].find((day) => day > today);
  if (future) throw new BadPeriod(`${future} has not come yet: in ${timezone} it is ${today}`);
  if (last < first) throw new BadPeriod(`the period ends (${lastDay}) before it begins (${firstDay})`);
  const days = Math.round(last.diff(first, 'days').days) + 1;
  if (days > MAX_DAYS) throw new BadPeriod(`a period may have ${MAX_DAYS} days, not ${days}`);
  const to = last.plus({ days: 1 }).startOf('day');
  return { from: first.toMillis(), to: to.toMillis(), firstDay, lastDay, days, timezone };
}

/** The calendar day of a moment. */
export const dayAt = (at: Ms, timezone: string): string => isoDay(DateTime.fromMillis(at, { zone: timezone }));

export const addDays = (day: string, days: number, timezone: string): string =>
  isoDay(DateTime.fromISO(day, { zone: timezone }).plus({ days }));

const isoDay = (at: DateTime): string => at.toISODate() ?? '';

/** The time that a clock in this timezone shows, as if it were UTC, and back. */
export const wallClock = (at: Ms, timezone: string): Ms =>
  DateTime.fromMillis(at, { zone: timezone }).setZone('utc', { keepLocalTime: true }).toMillis();
export const fromWallClock = (wall: Ms, timezone: string): Ms =>
  DateTime.fromMillis(wall, { zone: 'utc' }).setZone(timezone, { keepLocalTime: true }).toMillis();

/** As many days right before the period. */
export function daysBefore(p: Period, days: number): Range {
  const from = DateTime.fromISO(p.firstDay, { zone: p.timezone }).minus({ days }).startOf('day');
  return { from: from.toMillis(), to: p.from };
}

/** The last `days` calendar days up to the end of the period, each with its bounds. */
export function eachDay(p: Period, days: number): (Range & { day: string })[] {
  const end = DateTime.fromISO(p.lastDay, { zone: p.timezone }).startOf('day');
  const starts = Array.from({ length: days }, (_, i) => end.minus({ days: days - 1 - i }).startOf('day'));
  return starts.map((at, i) => ({
    day: isoDay(at),
    from: at.toMillis(),
    to: starts[i + 1]?.toMillis() ?? p.to,
  }));
}

/** `Saturday, 21 November 2026`, or `15 – 21 November 2026`. */
export function periodWords(p: Period): string {
  const [first, last] = [p.firstDay, p.lastDay].map((day) =>
    DateTime.fromISO(day, { zone: p.timezone, locale: 'en-GB' }),
  );
  if (!first || !last) return '';
  if (p.days === 1) return first.toFormat('cccc, d LLLL yyyy');
  const sameYear = first.year === last.year;
  const sameMonth = sameYear && first.month === last.month;
  const start = first.toFormat(sameMonth ? 'd' : sameYear ? 'd LLLL' : 'd LLLL yyyy');
  return `${start} – ${last.toFormat('d LLLL yyyy')}`;
}

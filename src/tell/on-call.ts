import { wallTime } from '../base/wall-time.ts';
import { EVERY_DAY, type Hours, isDuring } from '../core/hours.ts';
import type { Ms } from '../core/time.ts';

/** Who is on call, and when. */
export type Duty = Hours & { mail: string; days: readonly number[]; zone: string | null };

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** `22:00-07:00`, or `00:00-24:00` for a whole day. Null for what is no such hours, and for none at all. */
export function parseHours(text: string): Hours | null {
  const [, ...parts] = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text) ?? [];
  const [fromHour = 24, fromMinute = 0, toHour = 25, toMinute = 0] = parts.map(Number);
  const hours = { from: 60 * fromHour + fromMinute, to: 60 * toHour + toMinute };
  const isTime = fromHour < 24 && fromMinute < 60 && toMinute < 60 && hours.to <= 24 * 60;
  return isTime && hours.from !== hours.to ? hours : null;
}

/** `mon-fri`, `sat,sun`, `fri-mon` or `daily`: days of the week, Monday is 1. */
function parseDays(text: string): number[] | null {
  if (text === 'daily') return [...EVERY_DAY];
  const days = text.split(',').flatMap((part) => {
    const [first = '', last = first, more] = part.split('-');
    const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    if (from < 0 || to < 0 || more !== undefined) return [0];
    return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, n) => ((from + n) % 7) + 1);
  });
  return days.includes(0) ? null : [...new Set(days)];
}

/** `mon-fri 08:00-18:00 ann@example.com`, with a zone of its own after it where it has one. */
export function parseDuty(text: string, { isZone, isAddress }: Readers): Duty | null {
  const [named = '', span = '', mail = '', zone = null, more] = text.trim().split(/\s+/);
  const days = parseDays(named.toLowerCase());
  const hours = parseHours(span);
  if (days === null || hours === null || !isAddress(mail) || more !== undefined) return null;
  return zone === null || isZone(zone) ? { days, ...hours, mail, zone } : null;
}

type Readers = { isZone(text: string): boolean; isAddress(text: string): boolean };

type Rota = {
  ADMIN_EMAILS: readonly string[];
  ALERT_ON_CALL: readonly Duty[];
  ALERT_TIMEZONE?: string | undefined;
  REPORT_TIMEZONE: string;
};

/** Whom alerts are mailed to, by the time. */
export const onCallBy =
  ({ ADMIN_EMAILS: admins, ALERT_ON_CALL: duties, ALERT_TIMEZONE, REPORT_TIMEZONE: zone }: Rota) =>
  (at: Ms): readonly string[] =>
    onCall(duties, { zone: ALERT_TIMEZONE ?? zone, admins }, at);

/** Who is on call then, each once; all the administrators when nobody is. */
export function onCall(
  duties: readonly Duty[],
  { zone, admins }: { zone: string; admins: readonly string[] },
  at: Ms,
): readonly string[] {
  const now = duties.filter((duty) => isDuring(wallTime(at, duty.zone ?? zone), duty.days, duty));
  const called = [...new Set(now.map(({ mail }) => mail))];
  return called.length > 0 ? called : admins;
}

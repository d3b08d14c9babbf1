import { DateTime } from 'luxon';
import type { Ms } from '../core/time.ts';

/** The last moment that a Date can hold. */
const LAST: Ms = 8.64e15;

/** `2026-11-25`, `2026-11-25T09:00:00Z` (UTC unless it says otherwise) or milliseconds since the epoch. Null for anything else. */
export function parseMoment(text: string): Ms | null {
  if (/^\d{1,16}$/.test(text)) return Number(text) <= LAST ? Number(text) : null;
  // Luxon would read a time without a date (`09:00`) as one of today.
  if (!/^\d{4}-\d{2}-\d{2}(?:T|$)/.test(text) || text.length > 40) return null;
  const moment = DateTime.fromISO(text, { zone: 'utc' });
  return moment.isValid && moment.toMillis() >= 0 ? moment.toMillis() : null;
}

import { parseDuration } from '../base/duration.ts';
import { parseMoment } from '../base/moment.ts';
import { type Ms, SECOND } from '../core/time.ts';

/**
 * The moment from which on a message is worth nothing: a length from now (`10m`), a time (ISO 8601), or seconds or
 * milliseconds since the epoch. Null for anything else.
 */
export function expiryIn(text: string, now: Ms): Ms | null {
  const plain = text.trim();
  const life = parseDuration(plain);
  if (life !== null) return now + life;
  if (/^\d{9,11}$/.test(plain)) return Number(plain) * SECOND;
  return parseMoment(plain);
}

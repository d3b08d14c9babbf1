import { DAY, HOUR, type Ms, SECOND } from '../core/time.ts';

/** What a message says of when it is to be delivered, as text; null where it says nothing. */
export type Timing = {
  /** `o:deliverytime` or `X-Mailgun-Deliver-By`. */
  at: string | null;
  /** `o:deliverytime-optimize-period`: Mailgun picks the moment. */
  period: string | null;
  /** `o:time-zone-localize`: a time of day where the recipient is. */
  localTime: string | null;
};

const OPTIONS = {
  at: ['o:deliverytime', 'x-mailgun-deliver-by'],
  period: ['o:deliverytime-optimize-period', 'x-mailgun-delivery-time-optimize-period'],
  localTime: ['o:time-zone-localize', 'x-mailgun-time-zone-localize'],
} as const;

type Given = (name: string) => string | null;

const firstOf = (names: readonly string[], given: Given): string | null =>
  names.map(given).find((value) => value !== null) ?? null;

/** By its plan and the domain's `message_ttl` an account may schedule 3 or 7 days (documentation.mailgun.com, "Send an email"). */
const FARTHEST: Ms = 7 * DAY;

/** Whether Mailgun would refuse the delivery time, whatever the account. */
export const isTooFarAhead = (given: Given, now: Ms): boolean =>
  (momentIn(firstOf(OPTIONS.at, given) ?? '') ?? now) > now + FARTHEST;

/**
 * The latest moment at which Mailgun delivers a message that was told to wait, for the time until then is no silence; null
 * for one that is to leave at once. `given` gives an option or a header field by its name in lower case
 * (documentation.mailgun.com, "Sending an email": delivery time, send time optimization, timezone optimization).
 */
export function deliveryTimeIn(given: Given, now: Ms): Ms | null {
  const find = (names: readonly string[]) => firstOf(names, given);
  return latest({ at: find(OPTIONS.at), period: find(OPTIONS.period), localTime: find(OPTIONS.localTime) }, now);
}

function latest({ at, period, localTime }: Timing, now: Ms): Ms | null {
  const asked = Math.max(at === null ? now : (momentIn(at) ?? now), now);
  const span = (hoursIn(period) ?? 0) * HOUR;
  // Each recipient's own day has begun everywhere within a day.
  const spread = localTime === null || localTime.trim() === '' ? 0 : 24 * HOUR;
  const until = asked + Math.max(span, spread);
  return until > now ? until : null;
}

/** RFC 2822 with an offset or `GMT`, or seconds since the epoch. What Mailgun would refuse is no time. */
export function momentIn(text: string): Ms | null {
  const plain = text.trim();
  if (/^\d{9,11}(?:\.\d+)?$/.test(plain)) return Math.round(Number(plain) * SECOND);
  const read = RFC_2822.test(plain) ? Date.parse(plain) : Number.NaN;
  return Number.isNaN(read) ? null : read;
}

/** A time without a zone would be another one on each machine. */
const RFC_2822 =
  /^(?:[A-Z][a-z]{2}, *)?\d{1,2} +[A-Z][a-z]{2} +\d{4} +\d{2}:\d{2}(?::\d{2})? +(?:[+-]\d{4}|[A-Z]{1,3})(?: +\([^)]*\))?$/i;

/** "24h" to "72h". */
function hoursIn(text: string | null): number | null {
  const hours = /^\s*(\d{1,3})h\s*$/i.exec(text ?? '')?.[1];
  return hours === undefined ? null : Number(hours);
}

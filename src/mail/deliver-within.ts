import { DAY, HOUR, MINUTE, type Ms } from '../core/time.ts';

/** Mailgun takes no less than five minutes, and no more than a day. */
export const SHORTEST: Ms = 5 * MINUTE;

/**
 * How long Mailgun may try to deliver, as `o:deliver-within` says it: hours, minutes or both, as in `1h30m`. Null for what is
 * none, or out of Mailgun's limits (documentation.mailgun.com, "Sending an email").
 */
export function readWithin(text: string): Ms | null {
  const [, hours, minutes] = /^(?:(\d{1,4})h)?(?:(\d{1,4})m)?$/.exec(text.trim()) ?? [];
  const within = Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE;
  return within >= SHORTEST && within <= DAY ? within : null;
}

/** With hours and minutes both, which is the only form that Mailgun documents. */
export function withinText(within: Ms): string {
  const minutes = Math.floor(within / MINUTE);
  return `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}

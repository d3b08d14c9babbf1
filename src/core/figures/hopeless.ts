import type { Delivery } from '../delivery.ts';
import { DAY, type Ms } from '../time.ts';
import { timeWords } from '../words/numbers.ts';
import { shortReason } from '../words/reasons.ts';
import { failingPlace } from './place.ts';
import type { Retried } from './retries.ts';

/** A re-post whose end is known. */
export type Ended = Pick<Retried, 'attempt' | 'sendingIp' | 'at'> & { arrived: boolean };

/** Recipient domain and cause of the failure that a delivery stands at; null when it stands at none. */
export function placeOf(recipient: string, d: Delivery): string | null {
  const last = d.attempts.at(-1);
  return last?.failure ? failingPlace(recipient, last) : null;
}

/** Has none of the last `after` re-posts arrived? `last` begins with the latest. */
export const isHopeless = (last: readonly Ended[], after: number): boolean =>
  after > 0 && last.length >= after && last.slice(0, after).every((r) => !r.arrived);

/** Weeks begin on Monday, UTC; 1 January 1970 was a Thursday. */
export const weekOf = (at: Ms): number => Math.floor((at + 3 * DAY) / (7 * DAY));

export const hopelessNote = (count: number): string =>
  `re-posts for this cause to this domain have cured none of the last ${count}; the policy goes on as it is`;

/** What was tried, how often and when; and that nothing else is done about it. */
export function hopelessWords(place: string, last: readonly Ended[]): string {
  const [domain = '', cause = ''] = place.split(' ');
  const attempts = [...new Set(last.map((r) => r.attempt))].sort((a, b) => a - b);
  const [first, latest] = [last.at(-1)?.at ?? 0, last[0]?.at ?? 0];
  const from = (ip: Retried['sendingIp']) => last.filter((r) => r.sendingIp === ip).length;
  return (
    `Of the last ${last.length} re-posts to ${domain} after "${shortReason(cause)}" none arrived ` +
    `(${timeWords(first)} to ${timeWords(latest)}; ${attempts.length === 1 ? 'attempt' : 'attempts'} ${attempts.join(', ')}; ` +
    `${from('changed')} left from another IP address than the failure, ${from('same')} from the same one, ` +
    `of ${from('unknown')} it is not known). What is sent was not changed: such mail is re-posted as before.`
  );
}

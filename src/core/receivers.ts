import type { Delivery } from './delivery.ts';
import { groupBy } from './group.ts';
import type { MessageClass } from './message-class.ts';
import type { Ms } from './time.ts';
import type { Cause } from './verdict.ts';

/** How many mails of a class, accepted by one provider, a recipient domain took and put off of late. */
export type ReceiverCount = { receiver: string; class: MessageClass; arrived: number; putOff: number };

/** What of it counts, for so many times as long as a hand-over counts: receivers answer later than providers. */
export const receiversWithin = (window: Ms): Ms => 15 * window;

/** Of these a receiver, or the way to it, is the cause, and not one address or mail, nor the habit to put off all that is new. */
const TELLING: ReadonlySet<Cause> = new Set([
  ...(['rate_limited', 'server_temporary', 'network', 'ip_block', 'ip_config', 'policy_block'] as const),
  ...(['domain_reputation', 'tls_or_login', 'protocol_error', 'server_misconfig', 'undetermined'] as const),
]);

export type Told = { provider: string; what: 'arrived' | 'putOff' };

/** What a change of a delivery tells of its receiver; each attempt tells each thing once. */
export function toldBy(before: Delivery, after: Delivery): Told | null {
  const attempt = after.attempts.at(-1);
  if (!attempt) return null;
  const was = before.attempts.find(({ number }) => number === attempt.number)?.outcome;
  const { provider } = attempt.claim;
  if (attempt.outcome === 'arrived') return was === 'arrived' ? null : { provider, what: 'arrived' };
  if (attempt.outcome !== 'deferred' && attempt.outcome !== 'failed') return null;
  const verdict = (attempt.failure ?? attempt.reports.at(-1))?.verdict;
  const isKnown = was === 'deferred' || was === 'failed' || was === 'arrived';
  return !isKnown && verdict && TELLING.has(verdict.cause) ? { provider, what: 'putOff' } : null;
}

/** Mail to one receiver, or of one class, most of which was put off. */
export type PutOff = { of: 'receiver' | 'class'; name: string; arrived: number; putOff: number };

type Sum = Omit<PutOff, 'of'> & { receivers: number };

/** Most is two of three, and so many at least. */
const isMost = ({ putOff, arrived }: Sum, least: number): boolean => putOff >= least && putOff >= 2 * arrived;
const LEAST_TOLD = 10;
const LEAST_OF_CLASS = 20;
const LEAST_RECEIVERS = 3;

/** The receivers that put off most of their mail, and the classes of which several put off most; the worst first. */
export function putOffsIn(counts: readonly ReceiverCount[]): PutOff[] {
  const receivers = sumsBy(counts, ({ receiver }) => receiver).filter((sum) => isMost(sum, LEAST_TOLD));
  const classes = sumsBy(counts, ({ class: kind }) => kind).filter(
    (sum) => isMost(sum, LEAST_OF_CLASS) && sum.receivers >= LEAST_RECEIVERS,
  );
  const shown =
    (of: PutOff['of']) =>
    ({ name, arrived, putOff }: Sum) => ({ of, name, arrived, putOff });
  return [...receivers.map(shown('receiver')), ...classes.map(shown('class'))].sort((a, b) => b.putOff - a.putOff);
}

/** Several receivers that put off most of their mail at once: how many, how much of all mail, and which the most. */
export type PutOffAtOnce = { receivers: number; putOff: number; heard: number; worst: string };

const LEAST_AT_ONCE = 5;

/** When it is half of all mail, it is no longer the trouble of each of them; null when it is. */
export function putOffAtOnce(counts: readonly ReceiverCount[]): PutOffAtOnce | null {
  const sums = sumsBy(counts, ({ receiver }) => receiver);
  const most = sums.filter((sum) => isMost(sum, LEAST_AT_ONCE)).sort((a, b) => b.putOff - a.putOff);
  const putOff = most.reduce((sum, one) => sum + one.putOff, 0);
  const heard = sums.reduce((sum, one) => sum + one.putOff + one.arrived, 0);
  const [worst] = most;
  if (!worst || most.length < LEAST_RECEIVERS || 2 * putOff < heard) return null;
  return { receivers: most.length, putOff, heard, worst: worst.name };
}

function sumsBy(counts: readonly ReceiverCount[], nameOf: (count: ReceiverCount) => string): Sum[] {
  return [...groupBy(counts, nameOf)].map(([name, same]) => ({
    name,
    arrived: same.reduce((sum, { arrived }) => sum + arrived, 0),
    putOff: same.reduce((sum, { putOff }) => sum + putOff, 0),
    receivers: new Set(same.filter(({ putOff }) => putOff > 0).map(({ receiver }) => receiver)).size,
  }));
}

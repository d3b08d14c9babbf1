import { CLASSES, type MessageClass } from './message-class.ts';
import { type Ms, SECOND } from './time.ts';

/** How much may leave through a provider, of all mail or of that of one class. */
export type Rate = { provider: string; class: MessageClass | null; perSecond: number };

/** A part of a rate for all mail that access mail does not take from the others, however much of it there is. */
export type Reserve = Omit<Rate, 'class'> & { class: 'others' };

const RESERVED = 0.1;

export const reserveOf = ({ provider, perSecond }: Rate): Reserve => ({
  ...{ provider, class: 'others' },
  perSecond: perSecond * RESERVED,
});

/** What is still free of a rate refills a bucket, which is kept as the moment at which it is full. Microseconds since the epoch. */
export type FullAt = number;

/** Daemons look at what is due once a second, and one may be late. */
const SECONDS_HELD = 2;

type PerSecond = Pick<Rate, 'perSecond'>;

const sizeOf = ({ perSecond }: PerSecond): number => Math.max(1, perSecond * SECONDS_HELD);
const refillOf = ({ perSecond }: PerSecond): number => (1000 * SECOND) / perSecond;

/** How much may leave now; below zero when more has left than there was. */
export function leftIn(rate: PerSecond, fullAt: FullAt, now: Ms): number {
  const missing = Math.max(0, fullAt - 1000 * now) / refillOf(rate);
  return Math.floor(sizeOf(rate) - missing);
}

/** By how much later it is full when so many have left. More than there were is a debt, which the next ones wait for. */
export const costOf = (rate: PerSecond, count: number): FullAt => Math.round(count * refillOf(rate));

const RATE = /^(.{1,191}?)(?:\/([a-z]+))?=(\d{1,7})\/([smh])$/;
const PER: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** `mailgun=100/s`, `mailgun/bulk=5/m`; null for anything else. */
export function readRate(text: string): Rate | null {
  const [, provider = '', named, count, unit = ''] = RATE.exec(text) ?? [];
  const kind = CLASSES.find((name) => name === named) ?? null;
  const perSecond = Number(count) / (PER[unit] ?? 0);
  const isRight = (named === undefined || kind !== null) && perSecond > 0 && Number.isFinite(perSecond);
  return isRight ? { provider: provider.trim(), class: kind, perSecond } : null;
}

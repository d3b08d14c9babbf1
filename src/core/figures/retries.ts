import type { Attempt, Delivery } from '../delivery.ts';
import type { Ms } from '../time.ts';
import { causeOf } from './place.ts';

/** One retry through Mailgun after a failure, by the cause of the failure right before it. */
export type Retried = {
  cause: string;
  attempt: number;
  /** Did it leave from another IP address than the one that failed? */
  sendingIp: 'same' | 'changed' | 'unknown';
  /** `refused`: Mailgun did not take it, so no receiving server saw it. */
  result: 'arrived' | 'failed' | 'refused' | 'open';
  /** When it was handed over. */
  at: Ms;
};

export function retriesIn(d: Delivery): Retried[] {
  return d.attempts.flatMap((retry) => {
    if (retry.claim.role === 'fallback') return [];
    const before = d.attempts.findLast((a) => a.number < retry.number && a.failure);
    if (!before) return [];
    const [from, to] = [ipOf(before), ipOf(retry)];
    const sendingIp = from === null || to === null ? 'unknown' : from === to ? 'same' : 'changed';
    const [cause, attempt, result, at] = [causeOf(before), retry.number, resultOf(retry), retry.claim.at];
    return [{ cause, attempt, sendingIp, result, at } as const];
  });
}

function resultOf({ outcome }: Attempt): Retried['result'] {
  return outcome === 'arrived' || outcome === 'failed' || outcome === 'refused' ? outcome : 'open';
}

const ipOf = (a: Attempt): string | null => a.reports.findLast((r) => r.sendingIp !== null)?.sendingIp ?? null;

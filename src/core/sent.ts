import type { Fact } from './delivery.ts';
import type { Ms } from './time.ts';

/** The facts of a send that the application made itself and Mailgun accepted. */
export function handedOver(at: Ms, messageId: string | null, provider: string): Fact[] {
  const claim = {
    provider,
    role: 'first' as const,
    way: 'application' as const,
    leaseUntil: at,
    since: null,
    deliverAt: null,
    double: null,
  };
  return [
    { key: 'claimed:1', at, kind: 'claimed', attempt: 1, lease: null, ...claim },
    { key: 'accepted:1', at, kind: 'accepted', attempt: 1, messageId, tracked: true, detail: '' },
  ];
}

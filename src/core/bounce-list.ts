// The list of addresses that a provider sends nothing to, because mail to them failed once: it takes the call and drops
// the mail.
import { type Attempt, type Delivery, type FactOf, freshAnswer } from './delivery.ts';

/**
 * The last failure that put the address on the provider's bounce list, or came from it, where another try is worth it;
 * null when there was none, or when the provider has said since that the address is not on the list any more.
 */
export function listing({ attempts }: Pick<Delivery, 'attempts'>): FactOf<'reported'> | null {
  const n = attempts.findLastIndex(({ claim, failure }) => claim.role !== 'fallback' && failure !== null);
  const failure = attempts[n]?.failure ?? null;
  return failure && isListing(failure) && !attempts.slice(n).some(isOffList) ? failure : null;
}

/** A provider lists an address after a bounce that it calls hard. */
const isListing = ({ plan, verdict, bounce }: FactOf<'reported'>): boolean =>
  plan !== 'stop' && (verdict?.cause === 'suppressed' || bounce?.bounceType === 'hard');

function isOffList(attempt: Attempt): boolean {
  const listed = freshAnswer(attempt)?.listed;
  return listed === 'clear' || listed === 'removed';
}

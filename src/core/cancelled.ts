import { type Delivery, isEnded, type Outcome } from './delivery.ts';

/** What a wish to cancel comes to for one delivery. */
export type CancelOutcome =
  /** Nothing of it is on its way, and nothing more is sent. */
  | 'cancelled'
  /** A provider has it, or may have it, and can't give it back; nothing more is sent. What a secondary took counts as well. */
  | 'already_handed_over'
  | 'already_delivered'
  /** It had ended without arriving: it failed, was given up, expired or was cancelled before, and nobody has it any more. */
  | 'already_ended';

export type CancelledDelivery = { recipient: string; outcome: CancelOutcome };

/** `cancelled` counts the deliveries that were open until now; `deliveries` says what became of each. */
export type Cancelled = { cancelled: number; deliveries: CancelledDelivery[] };

/** By how it stands before. Of what a secondary took nobody tells whether it arrived. */
export function cancelOutcome({ state, attempts }: Pick<Delivery, 'state' | 'attempts'>): CancelOutcome {
  if (state === 'delivered') return 'already_delivered';
  if (state === 'relayed') return 'already_handed_over';
  if (attempts.some(({ outcome }) => MAY_ARRIVE.has(outcome))) return 'already_handed_over';
  return isEnded(state) ? 'already_ended' : 'cancelled';
}

/** An attempt that got no answer may arrive although a later one was refused. */
const MAY_ARRIVE: ReadonlySet<Outcome> = new Set(['sending', 'unconfirmed', 'accepted', 'deferred', 'arrived']);

import { type Delivery, isEnded } from './delivery.ts';

/** What a wish to cancel comes to for one delivery. */
export type CancelOutcome =
  /** Nothing of it has left, and nothing will. */
  | 'cancelled'
  /** A provider has it, or may have it, and can't give it back; nothing more is sent. */
  | 'already_handed_over'
  | 'already_delivered'
  /** It had ended without arriving: it failed, was given up, expired or was cancelled before. */
  | 'already_ended';

export type CancelledDelivery = { recipient: string; outcome: CancelOutcome };

/** `cancelled` counts the deliveries that were open until now; `deliveries` says what became of each. */
export type Cancelled = { cancelled: number; deliveries: CancelledDelivery[] };

/** By how it stands before. */
export function cancelOutcome({ state, attempts }: Pick<Delivery, 'state' | 'attempts'>): CancelOutcome {
  if (state === 'delivered' || state === 'relayed') return 'already_delivered';
  if (isEnded(state)) return 'already_ended';
  const last = attempts.at(-1)?.outcome;
  const isOut = last === 'sending' || last === 'unconfirmed' || last === 'accepted' || last === 'deferred';
  return isOut ? 'already_handed_over' : 'cancelled';
}

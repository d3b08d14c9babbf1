import type { Delivery, EndState, FactOf } from './delivery.ts';
import type { Reason } from './reason.ts';
import type { Ms } from './time.ts';

/** The end of what a delivery is doing now. Ending it twice is the same fact. */
export function endedFact(
  { delivery }: { delivery: Delivery },
  state: EndState,
  reason: Reason,
  now: Ms,
): FactOf<'ended'> {
  const { attempt, round } = delivery;
  return { key: `ended:${round}`, at: now, kind: 'ended', attempt, round, state, reason };
}

import type { Delivery, Fact } from './delivery.ts';
import type { Ms } from './time.ts';

const RELEASED = 'released:';

/** An operator lets one mail go, whatever else is held: holds from before that do not keep it. */
export const releasedFact = ({ delivery }: { delivery: Delivery }, by: string, now: Ms): Fact => ({
  ...{ key: `${RELEASED}${now}`, at: now, kind: 'noted', attempt: delivery.attempt },
  what: `let go by ${by}, whatever is held`,
});

/** Whether a hold that was made at that moment still keeps the mail. */
export const isKeptBy = (facts: readonly Fact[], heldAt: Ms): boolean =>
  !facts.some(({ key, at }) => key.startsWith(RELEASED) && at >= heldAt);

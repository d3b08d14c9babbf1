import type { Rate } from '../core/pace.ts';
import { type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { warmupRateNow } from '../store/notes/warmup.ts';

/** A stage of a warm-up lasts for hours. */
const READ_AGAIN: Ms = 10 * SECOND;

/** The rates that the operator has set, and the one of addresses that warm up. */
export function createRates(store: Store, set: readonly Rate[]): (now: Ms) => Promise<readonly Rate[]> {
  let readAt = Number.NEGATIVE_INFINITY;
  let rates = set;
  return async (now) => {
    if (Math.abs(now - readAt) >= READ_AGAIN) {
      const warmup = await warmupRateNow(store, now);
      rates = warmup === null ? set : [...set, warmup];
      readAt = now;
    }
    return rates;
  };
}

import { isClass } from '../../core/message-class.ts';
import type { Rate } from '../../core/pace.ts';
import { DAY, type Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { cursor, setCursor } from './cursors.ts';

const NAME = 'warmup_pace';

/** What was read so long ago is no longer the stage, and mail must not wait for it. */
const LASTS: Ms = 2 * DAY;

/** Notes for all daemons how fast mail may leave while addresses warm up; null for no limit. */
export const keepWarmupRate = (store: Store, rate: Rate | null, now: Ms): Promise<void> =>
  setCursor(store, NAME, rate === null ? '' : JSON.stringify(rate), now);

export async function warmupRateNow(store: Store, now: Ms): Promise<Rate | null> {
  const kept = await cursor(store, NAME);
  if (!kept || kept.value === '' || Number(kept.at) < now - LASTS) return null;
  const { provider, class: kind, perSecond } = JSON.parse(kept.value) as Rate;
  return kind !== null && isClass(kind) && perSecond > 0 ? { provider, class: kind, perSecond } : null;
}

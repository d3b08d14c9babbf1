import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import type { Meter } from './meter.ts';

/** What comes in for longer is no flood but the usual: it is done as it comes, else what waits would grow without an end. */
const LONGEST: Ms = MINUTE;

/** Says whether more than so many a second come in for the moment. `now` never goes back. */
export function floodWatch(meter: Pick<Meter, 'perSecond'>, most: number, now: Clock): () => boolean {
  let since: Ms | null = null;
  return () => {
    const at = now();
    since = meter.perSecond() > most ? (since ?? at) : null;
    return since !== null && at - since < LONGEST;
  };
}

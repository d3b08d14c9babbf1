import { stopwatch } from '../base/wait.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { countSent } from '../store/thresholds/sent.ts';
import { restAfter } from './rest.ts';

/** Messages in one change. */
const BITE = 500;

/** Counts what was asked for, a bite at a time; says how much is likely left. It rests after a whole one. */
export async function countAsked({
  store,
  now,
  signal,
}: {
  store: Store;
  now: Clock;
  signal?: AbortSignal;
}): Promise<number> {
  const spent = stopwatch();
  const read = await countSent(store, now(), BITE);
  if (read < BITE) return 0;
  await restAfter(spent(), signal);
  return read;
}

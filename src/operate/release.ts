import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { lookAtHeld } from '../store/ledger/due.ts';
import { type Hold, releaseHold } from '../store/notes/holds.ts';

/** Lets mail leave again, at once; gives the hold that ended, or null when there is none of this id. */
export async function release(store: Store, id: string, who: string, now: Ms): Promise<Hold | null> {
  const released = await releaseHold(store, id, who, now);
  // Not before the release is seen by all: what is held from now on is held by something else.
  if (released) await lookAtHeld(store, now);
  return released;
}

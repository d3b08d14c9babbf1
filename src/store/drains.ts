import { expectedFrom } from '../core/outages.ts';
import type { Ms } from '../core/time.ts';
import { BEFORE, countWaiting } from './backlog.ts';
import type { Store } from './db/open.ts';
import { type Backlog, expectDrain, newDrains } from './notes/drains.ts';
import { outagesSince } from './outages.ts';

/** What waits for a provider whose outage ends now; null when nothing does. */
export async function backlogAt(store: Store, provider: string, now: Ms): Promise<Backlog | null> {
  const open = (await outagesSince(store, now)).find((one) => one.provider === provider && one.endedAt === null);
  if (!open) return null;
  const madeFrom = open.startedAt - BEFORE;
  const waiting = await countWaiting(store, { from: madeFrom, to: now }, now);
  return waiting === 0 ? null : { madeFrom, waiting };
}

/** Says once for each outage how long its backlog takes: by what of it has left when `after` is over since the end. */
export async function expectDrains(store: Store, after: Ms, now: Ms): Promise<void> {
  for (const { changeId, madeFrom, endedAt, waiting } of await newDrains(store, now - after)) {
    const left = waiting - (await countWaiting(store, { from: madeFrom, to: endedAt }, now));
    await expectDrain(store, changeId, expectedFrom({ waiting, left, after: now - endedAt }));
  }
}

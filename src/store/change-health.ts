import { newId } from '../base/ids.ts';
import type { Change, Standing } from '../core/health.ts';
import type { Ms } from '../core/time.ts';
import { type RaisedItem, raiseIn } from './alerts.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';
import { type Backlog, noteBacklog } from './notes/drains.ts';
import { noteChange } from './notes/health.ts';

type Changing = {
  before: Standing;
  change: Change;
  /** What people are told of it: with the change, or not at all. */
  alert?: RaisedItem | null;
  /** What waits, where it is the end of an outage. */
  backlog?: Backlog | null;
};

/** Changes how a provider is, and tells of it; false when another process did so meanwhile. */
export async function changeHealth(
  store: Store,
  provider: string,
  { before, change, alert = null, backlog = null }: Changing,
  now: Ms,
): Promise<boolean> {
  const id = newId(now);
  return transact(store, async (tx) => {
    if (!(await noteChange(tx, { id, provider, before, change, at: now }))) return false;
    if (alert) await raiseIn(tx, alert);
    if (backlog) await noteBacklog(tx, { ...backlog, changeId: id, endedAt: now });
    return true;
  });
}

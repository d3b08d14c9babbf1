import { type Clock, DAY } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { pruneCalls } from '../store/messages/calls.ts';
import { pruneInbox, pruneMessages, pruneOperations } from '../store/prune.ts';

export type PruneDeps = { store: Store; retentionDays: number; now: Clock };

/** Forgets what is older than the retention time, a batch of each at a time; says how many rows went. Open deliveries stay. */
export async function prune(deps: PruneDeps, limit = 500): Promise<number> {
  const before = deps.now() - deps.retentionDays * DAY;
  const messages = await pruneMessages(deps.store, before, limit);
  const events = await pruneInbox(deps.store, before, limit);
  const rest = await pruneOperations(deps.store, before, limit);
  return messages + events + rest + (await pruneCalls(deps.store, before, limit));
}

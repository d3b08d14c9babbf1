import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { deleteBy } from './db/statements.ts';
import { transact } from './db/transact.ts';
import { rememberPruned } from './figures/rebuild.ts';
import { PROJECTIONS } from './ledger/projections.ts';

/** Deletes messages from before that moment all of whose deliveries have ended, with all that hangs on them. */
export async function pruneMessages(store: Store, before: Ms, limit: number): Promise<number> {
  const { db } = store;
  const old: { id: string }[] = await db('messages')
    .where('created_at', '<', before)
    .whereNotExists(
      db('deliveries').whereRaw('deliveries.message_id = messages.id').whereNull('ended_at').select(db.raw('1')),
    )
    .orderBy('created_at')
    .select('id')
    .limit(limit);
  const ids = old.map((m) => m.id);
  if (ids.length === 0) return 0;
  return transact(store, async (tx) => {
    await rememberPruned(tx, before);
    const rows: { id: string }[] = await tx('deliveries').whereIn('message_id', ids).select('id');
    const deliveryIds = rows.map((r) => r.id);
    await deleteBy(tx, 'facts', 'delivery_id', deliveryIds);
    await deleteBy(tx, 'due', 'delivery_id', deliveryIds);
    for (const { forget } of PROJECTIONS) await forget?.(tx, { messageIds: ids, deliveryIds });
    await deleteBy(tx, 'deliveries', 'message_id', ids);
    await deleteBy(tx, 'handles', 'message_id', ids);
    return deleteBy(tx, 'messages', 'id', ids);
  });
}

/** Deletes events from before that moment that nobody has to look at any more. */
export async function pruneInbox(store: Store, before: Ms, limit: number): Promise<number> {
  const ids = await settledBefore(store, 'inbox', before, limit);
  if (ids.length === 0) return 0;
  return transact(store, (tx) => deleteBy(tx, 'inbox', 'id', ids));
}

/** Deletes alerts and summaries that were sent, and example replies, from before that moment. The audit is kept. */
export async function pruneOperations(store: Store, before: Ms, limit: number): Promise<number> {
  const ids = await settledBefore(store, 'alerts', before, limit);
  return transact(store, async (tx) => {
    const alerts = await deleteBy(tx, 'alerts', 'id', ids);
    // Needs no limit: these tables get a few rows a day. The sums of all days stay.
    await tx('mail_domains').where('arrived_at', '<', before).delete();
    const summaries = await tx('summaries').where({ pending: 0 }).where('due_at', '<', before).delete();
    return alerts + summaries + (await tx('rollup_examples').where('day', '<', before).delete());
  });
}

/** The oldest rows that were settled before that moment. */
async function settledBefore(store: Store, table: 'inbox' | 'alerts', before: Ms, limit: number): Promise<string[]> {
  const rows: { id: string }[] = await store
    .db(table)
    .where({ pending: 0 })
    .where('due_at', '<', before)
    .orderBy('due_at')
    .select('id')
    .limit(limit);
  return rows.map((r) => r.id);
}

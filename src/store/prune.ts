import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { deleteBy } from './db/statements.ts';
import { again, transact } from './db/transact.ts';
import { rememberPruned } from './figures/rebuild.ts';
import { forgetIn } from './forget.ts';

/** So many deliveries go in one change, unless a single message has more: everybody else waits for it. */
const MOST_DELIVERIES = 200;

/**
 * Counted for one message after the other. From `not exists` MariaDB makes a join, for which it may read all deliveries when
 * its statistics are old.
 */
const OPEN = 'select count(*) from deliveries where deliveries.message_id = messages.id and ended_at is null';

/**
 * Deletes messages from before that moment all of whose deliveries have ended, with all that hangs on them: `limit` at
 * most, and fewer when they have many recipients.
 */
export async function pruneMessages(store: Store, before: Ms, limit: number): Promise<number> {
  const { db } = store;
  const old: { id: string }[] = await db('messages')
    .where('created_at', '<', before)
    .whereRaw(`(${OPEN}) = 0`)
    .orderBy('created_at')
    .select('id')
    .limit(limit);
  if (old.length === 0) return 0;
  const ids = await fewEnough(
    store,
    old.map((m) => m.id),
  );
  return transact(store, async (tx) => {
    await rememberPruned(tx, before);
    const rows: { id: string }[] = await tx('deliveries').whereIn('message_id', ids).select('id');
    return forgetIn(tx, { messageIds: ids, deliveryIds: rows.map(({ id }) => id) });
  });
}

/** The first of these messages, as many as do not have too many deliveries together. */
async function fewEnough({ db }: Store, ids: readonly string[]): Promise<string[]> {
  const rows: { message_id: string; n: number }[] = await db('deliveries')
    .whereIn('message_id', [...ids])
    .groupBy('message_id')
    .select('message_id')
    .count({ n: '*' });
  const sizes = new Map(rows.map((r) => [r.message_id, Number(r.n)]));
  let sum = 0;
  const few = ids.filter((id) => {
    sum += sizes.get(id) ?? 0;
    return sum <= MOST_DELIVERIES;
  });
  return few.length > 0 ? few : ids.slice(0, 1);
}

/** Deletes alerts and summaries that were sent, and example replies, from before that moment. The audit is kept. */
export async function pruneOperations(store: Store, before: Ms, limit: number): Promise<number> {
  const ids = await alertsBefore(store, before, limit);
  return transact(store, async (tx) => {
    const alerts = await deleteBy(tx, 'alerts', 'id', ids);
    // What is about a delivery goes with that.
    const items = tx('alert_items')
      .whereIn('alert_id', [...ids, 'summary'])
      .whereNull('delivery_id');
    await items.where('at', '<', before).delete();
    // Needs no limit: these tables get a few rows a day. The sums of all days stay.
    await tx('mail_domains').where('arrived_at', '<', before).delete();
    await tx('incidents').where('ended_at', '<', before).delete();
    const summaries = await tx('summaries').where({ pending: 0 }).where('due_at', '<', before).delete();
    return alerts + summaries + (await tx('rollup_examples').where('day', '<', before).delete());
  });
}

/** The oldest alerts that were sent before that moment. */
async function alertsBefore(store: Store, before: Ms, limit: number): Promise<string[]> {
  const sent = store.db('alerts').where({ pending: 0 }).where('due_at', '<', before);
  return sent.orderBy('due_at').limit(limit).pluck('id');
}

/** Pages that are given back at once, of 8 KB each. */
const PAGES = 250;

/**
 * Gives some of the room that was pruned back to the file system. A file that an earlier version made keeps it for what
 * comes, until `makeShrinkable` was called.
 */
export async function giveRoomBack(store: Store): Promise<void> {
  if (store.kind === 'sqlite') await again(() => store.db.raw(`pragma incremental_vacuum(${PAGES})`));
}

/**
 * Rewrites an SQLite file of an earlier version, so that it can give room back bit by bit; says whether that was needed.
 * Nobody can use it meanwhile, and it takes as much room again.
 */
export async function makeShrinkable({ kind, db }: Store): Promise<boolean> {
  if (kind !== 'sqlite') return false;
  const [row] = (await db.raw('pragma auto_vacuum')) as { auto_vacuum: number }[];
  if (row?.auto_vacuum !== 0) return false;
  await db.raw('pragma auto_vacuum=incremental');
  await db.raw('vacuum');
  return true;
}

import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Ms } from '../core/time.ts';
import { MOST_COUNTED } from './db/counted.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';

const OPEN = ['queued', 'sending', 'unconfirmed', 'accepted', 'deferred'];

/** Open deliveries that have no row among what is due: nobody will ever act on them. */
export async function forgotten(store: Store, limit: number): Promise<string[]> {
  const { db } = store;
  const rows: { id: string }[] = await db('deliveries')
    .whereIn('state', OPEN)
    .whereNotExists(db('due').whereRaw('due.delivery_id = deliveries.id').select(db.raw('1')))
    .select('id')
    .limit(limit);
  return rows.map((r) => r.id);
}

/** Alerts that are still to be sent and were made before that moment. */
export const unsentSince = (db: Knex, before: Ms): Knex.QueryBuilder =>
  db('alerts').where({ pending: 1 }).where('created_at', '<', before);

/** The same, with the last error; the first that are due. */
export const unsentAlerts = async ({ db }: Store, before: Ms): Promise<{ id: string; error: string | null }[]> =>
  unsentSince(db, before).orderBy('due_at').select('id', 'error').limit(MOST_COUNTED);

/** Alerts from after that moment that some way did not take, and another did: why. */
export async function toldOtherwise(store: Store, after: Ms): Promise<{ id: string; error: string }[]> {
  return store
    .db('alerts')
    .where('created_at', '>', after)
    .where({ pending: 0 })
    .whereNotNull('error')
    .orderBy('created_at', 'desc')
    .select('id', 'error')
    .limit(1000);
}

export async function sqliteVersion(store: Store): Promise<string> {
  const [row] = (await store.db.raw('select sqlite_version() as version')) as { version: string }[];
  return row?.version ?? 'unknown';
}

/** Why nothing can be written here; null when it can. Changes nothing. */
export async function writeTrouble(store: Store): Promise<Error | null> {
  const undone = new Error('taken back');
  try {
    await transact(store, async (tx) => {
      await tx('cursors').insert({ name: `write check ${randomUUID()}`, value: '', at: 0 });
      throw undone;
    });
  } catch (error) {
    // Somebody else is writing, so it can be written.
    const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
    return error === undone || isBusy ? null : (error as Error);
  }
  return null;
}

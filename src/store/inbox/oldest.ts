// The rows of the inbox by their time, whatever else is in it.
import type { Knex } from 'knex';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { deleteBy } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

/** `doubted` is a webhook that is to be confirmed by the provider's records. */
const SOURCES = ['webhook', 'poll', 'lookup', 'told', 'doubted'] as const;
export type Source = (typeof SOURCES)[number];

type Oldest = { pending: 0 | 1; sources: readonly Source[]; until: Ms; limit: number };

/** One closed range of the index for each source: of a hundred thousand that wait, only these are read. */
export async function oldest(
  db: Knex,
  { pending, sources, until, limit }: Oldest,
): Promise<{ id: string; due_at: Ms }[]> {
  const ranges = sources.map((source) => {
    const rows = db('inbox').where({ pending, source }).whereBetween('due_at', [0, until]).orderBy('due_at');
    return db.from(rows.limit(limit).select('id', 'due_at').as('part')).select('*');
  });
  const rows: { id: string; due_at: Ms }[] = await db.unionAll(ranges);
  return rows.sort((a, b) => a.due_at - b.due_at).slice(0, limit);
}

/** Since when the oldest event has waited to be understood; null when none waits. */
export async function inboxWaitsSince({ db }: Store): Promise<Ms | null> {
  const [first] = await oldest(db, { pending: 1, sources: SOURCES, until: Number.MAX_SAFE_INTEGER, limit: 1 });
  return first?.due_at ?? null;
}

/** Deletes events from before that moment that nobody has to look at any more, oldest first; says how many. */
export async function pruneInbox(store: Store, before: Ms, limit: number): Promise<number> {
  const rows = await oldest(store.db, { pending: 0, sources: SOURCES, until: before - 1, limit });
  const ids = rows.map(({ id }) => id);
  return ids.length === 0 ? 0 : transact(store, (tx) => deleteBy(tx, 'inbox', 'id', ids));
}

/** Events that could not be understood since then. */
export const asideSince = (db: Knex, since: Ms): Knex.QueryBuilder => db('inbox').where('aside_at', '>=', since);

/** The same, newest first; their last error. */
export const setAside = async (
  { db }: Store,
  since: Ms,
  limit: number,
): Promise<{ id: string; error: string | null }[]> =>
  asideSince(db, since).orderBy('aside_at', 'desc').select('id', 'error').limit(limit);

// What providers told, as people look at it: newest first.
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import type { InboxRow } from './inbox.ts';
import { oldest, type Source, setAside } from './oldest.ts';

/** By which way it came: posted by the provider, or found when it was asked. */
export const WAYS = { webhook: ['webhook', 'doubted'], polling: ['poll', 'lookup'] } as const satisfies Record<
  string,
  readonly Source[]
>;
export type WayIn = keyof typeof WAYS;

/** The event before which a page begins. */
export type Before = { at: Ms; id: string };

const NEWEST: Before = { at: Number.MAX_SAFE_INTEGER, id: '' };

export type Told = Pick<InboxRow, 'id' | 'provider' | 'source' | 'content_type' | 'outcome'> & {
  receivedAt: Ms;
  error: string | null;
  /** Empty when it is too long to be read for a list. */
  body: string;
};

const LONGEST_BODY = 65_536;

/** The newest that were received before then, whatever became of them. */
export async function newestTold(
  { db }: Store,
  { way, before: { at, id } = NEWEST, limit }: { way?: WayIn | undefined; before?: Before | undefined; limit: number },
): Promise<Told[]> {
  const sources: readonly Source[] = way ? WAYS[way] : [...WAYS.webhook, ...WAYS.polling];
  const ranges = sources.map((source) => {
    const rows = db('inbox')
      .where({ source })
      .where('received_at', '<=', at)
      .where((or) => or.where('received_at', '<', at).orWhere('id', '<', id))
      .orderBy('received_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .select('id', 'received_at');
    return db.from(rows.as('part')).select('*');
  });
  const found: { id: string; received_at: Ms }[] = await db.unionAll(ranges);
  const newest = found.sort((a, b) => b.received_at - a.received_at || (a.id < b.id ? 1 : -1)).slice(0, limit);
  return toldOf(
    db,
    newest.map(({ id }) => id),
  );
}

/** Those that could not be understood since then, newest first. */
export async function newestAside(store: Store, since: Ms, limit: number): Promise<Told[]> {
  const rows = await setAside(store, since, limit);
  return toldOf(
    store.db,
    rows.map(({ id }) => id),
  );
}

async function toldOf(db: Store['db'], ids: readonly string[]): Promise<Told[]> {
  if (ids.length === 0) return [];
  const rows: Told[] = await db('inbox')
    .whereIn('id', [...ids])
    .select('id', 'provider', 'source', 'content_type', 'outcome', 'error', { receivedAt: 'received_at' })
    .select(db.raw("case when length(body) <= ? then body else '' end as body", [LONGEST_BODY]));
  return rows.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
}

/** How many events of providers wait to be understood, counted up to `limit`, and when the first of these came. */
export async function toldWaiting({ db }: Store, limit: number): Promise<{ n: number; since: Ms | null }> {
  const sources = [...WAYS.webhook, ...WAYS.polling];
  const rows = await oldest(db, { pending: 1, sources, until: Number.MAX_SAFE_INTEGER, limit });
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return { n: 0, since: null };
  // When they are due says little of that: one that is tried again is due later.
  const [first]: { since: Ms }[] = await db('inbox').whereIn('id', ids).min({ since: 'received_at' });
  return { n: ids.length, since: first?.since ?? null };
}

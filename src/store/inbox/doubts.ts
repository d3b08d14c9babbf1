// Events whose signature does not cover what they say: what would do harm waits until the provider's records say it too.
import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks, transact } from '../db/transact.ts';
import { COLUMNS, type EventRow } from './inbox.ts';

/** An event that is doubted. */
export type Doubted = Omit<EventRow, 'source'> & { source: 'doubted' };

const doubted = (db: Knex): Knex.QueryBuilder => db('inbox').where({ pending: 1, source: 'doubted' });

/** Takes doubted events that are to be asked about, for `lease` ms. */
export async function takeDoubted(
  store: Store,
  { now, limit, lease }: { now: Ms; limit: number; lease: Ms },
): Promise<Doubted[]> {
  const due = doubted(store.db).whereBetween('due_at', [0, now]).orderBy('due_at').limit(limit);
  const rows: { id: string }[] = await due.select('id');
  if (rows.length === 0) return [];
  const token = newId(now);
  const ids = rows.map(({ id }) => id);
  await transact(store, (tx) =>
    doubted(tx)
      .whereIn('id', ids)
      .where('due_at', '<=', now)
      .update({ due_at: now + lease, lease: token }),
  );
  return store
    .db('inbox')
    .where({ lease: token })
    .select(...COLUMNS);
}

/** What becomes of one: it counts, it is asked about again, or it is set aside. */
export type Judgement = { is: 'believed' } | { is: 'doubted'; dueAt: Ms } | { is: 'forged'; now: Ms; error: string };

/** Unless the provider's records have confirmed it meanwhile. */
export async function judgeDoubted(store: Store, { id, tries }: Doubted, judgement: Judgement): Promise<void> {
  const change = changeOf(judgement, tries);
  await transact(store, (tx) => tx('inbox').where({ id, pending: 1, source: 'doubted' }).update(change));
}

function changeOf(judgement: Judgement, tries: number): Record<string, unknown> {
  switch (judgement.is) {
    case 'believed':
      return BELIEVED;
    case 'doubted':
      return { due_at: judgement.dueAt, tries: tries + 1, lease: null };
    case 'forged':
      return { ...{ pending: 0, outcome: 'set_aside', due_at: judgement.now, error: judgement.error }, lease: null };
  }
}

const BELIEVED = { pending: 1, source: 'webhook', outcome: 'believed', due_at: 0, tries: 0, error: null, lease: null };

/** The provider's records hold these events, be it later than they should: then they are taken up again. */
export async function confirmEvents(store: Store, eventKeys: readonly string[]): Promise<void> {
  for (const part of chunks([...eventKeys], 200)) {
    const rows: { id: string }[] = await store
      .db('inbox')
      .whereIn('event_key', part)
      .where({ source: 'doubted' })
      .select('id');
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0)
      await transact(store, (tx) => tx('inbox').whereIn('id', ids).where({ source: 'doubted' }).update(BELIEVED));
  }
}

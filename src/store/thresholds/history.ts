// What happened to mail, in the order in which it was written, so that it can be looked at as it was.
import type { Fact } from '../../core/delivery.ts';
import { recipientDomain } from '../../core/figures/place.ts';
import { fold } from '../../core/fold.ts';
import { groupBy } from '../../core/group.ts';
import type { Lived, Moment } from '../../core/thresholds/past.ts';
import { signsOf } from '../../core/thresholds/signs.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { load, type View } from '../rows/rows.ts';
import { messagesFrom } from './sent.ts';

export type Place = { at: Ms; id: string };
export type Page<T> = { items: T[]; next: Place | null };

/** Deliveries that were made after a place and before a moment, with all that happened to them. */
export async function livesFrom(store: Store, { at, id }: Place, until: Ms, limit: number): Promise<Page<Lived>> {
  const rows: { id: string; created_at: Ms }[] = await store
    .db('deliveries')
    .where('created_at', '>=', at)
    .where('created_at', '<', until)
    .where((or) => or.where('created_at', '>', at).orWhere('id', '>', id))
    .orderBy(['created_at', 'id'])
    .limit(limit)
    .select('id', 'created_at');
  const ids = rows.map((row) => row.id);
  const views = await load(store.db, ids);
  const written = await writtenOf(store, ids);
  const items = [...views.values()].map((view) => livedOf(view, written.get(view.id) ?? new Map()));
  const last = rows.at(-1);
  return { items, next: last && rows.length === limit ? { at: Number(last.created_at), id: last.id } : null };
}

/** When each fact of these deliveries was written. */
async function writtenOf(store: Store, ids: readonly string[]): Promise<Map<string, Map<string, Ms>>> {
  const rows: { delivery_id: string; fact_key: string; recorded_at: Ms }[] = await store
    .db('facts')
    .whereIn('delivery_id', [...ids])
    .select('delivery_id', 'fact_key', 'recorded_at');
  return new Map(
    [...groupBy(rows, (row) => row.delivery_id)].map(([id, mine]) => [
      id,
      new Map(mine.map((row) => [row.fact_key, Number(row.recorded_at)])),
    ]),
  );
}

function livedOf(view: View, written: ReadonlyMap<string, Ms>): Lived {
  const { birth, domain, class: kind, recipient, messageAt } = view;
  const at = (fact: Fact) => written.get(fact.key) ?? fact.at;
  const inOrder = [...groupBy(view.facts, at)].sort(([a], [b]) => a - b);
  const moments: Moment[] = [];
  let before = null;
  let facts: Fact[] = [];
  // What others send is known from its first fact on.
  if (view.origin === 'queued' && inOrder[0]?.[0] !== birth.createdAt) {
    const unborn = fold(birth, []);
    moments.push({ at: birth.createdAt, state: unborn.state, nextAt: unborn.nextAt, signs: null });
    before = unborn;
  }
  for (const [moment, fresh] of inOrder) {
    facts = [...facts, ...fresh];
    const after = fold(birth, facts);
    moments.push({
      at: moment,
      state: after.state,
      nextAt: after.nextAt,
      signs: signsOf({ facts: fresh, before, after }),
    });
    before = after;
  }
  const madeAt = Number(messageAt);
  const party = { domain, class: kind, receiver: recipientDomain(recipient) };
  return { ...party, madeAt, wantedAt: Math.max(madeAt, birth.deliverAt ?? 0), moments };
}

export type Asked = Awaited<ReturnType<typeof messagesFrom>>[number];

/** Messages that were asked for after a place and before a moment. */
export async function askedFrom(store: Store, from: Place, until: Ms, limit: number): Promise<Page<Asked>> {
  const items = await messagesFrom(store.db, from, { until: until - 1, limit });
  const last = items.at(-1);
  return { items, next: last && items.length === limit ? { at: last.created_at, id: last.id } : null };
}

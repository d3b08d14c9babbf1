// Finds what has no search terms yet, and gives it some.
import type { Knex } from 'knex';
import { groupBy } from '../core/group.ts';
import { factTerms, standingTerms } from '../core/search-terms.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';
import { factsInTime } from './facts-in-time.ts';
import { INDEXED, type Owner, ownerOf, writeTerms } from './projections/search-terms.ts';
import { type DeliveryRow, type FactRow, factIn, type MessageRow } from './rows/rows.ts';

/** Where a walk stands: behind the row with that key, made at that time. */
export type Place = { at: Ms; key: string };

/** What was done: the place to go on from, and how many rows that were. */
export type Bite = { place: Place; read: number };

type Made = Pick<MessageRow, 'id' | 'created_at'>;

/** Messages that were made after that place and until then, oldest first. */
export async function indexMade(store: Store, { at, key }: Place, until: Ms, limit: number): Promise<Bite> {
  const rows: Made[] = await store
    .db('messages')
    .whereBetween('created_at', [at, until])
    .where((or) => or.where('created_at', '>', at).orWhere('id', '>', key))
    .orderBy(['created_at', 'id'])
    .limit(limit)
    .select('id', 'created_at');
  await writeMessages(
    store,
    rows.map(({ id }) => id),
  );
  return biteOf(
    rows.map(({ id, created_at }) => ({ at: Number(created_at), key: id })),
    { at, key },
  );
}

const biteOf = (places: readonly Place[], before: Place): Bite => ({
  place: places.at(-1) ?? before,
  read: places.length,
});

async function writeMessages(store: Store, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await transact(store, async (tx) => writeTerms(tx, (await stillThere(tx, ids)).map(ownerOf)));
}

/** Locked, so that nobody is erased between the reading and the writing. */
const stillThere = (tx: Knex.Transaction, ids: readonly string[]) =>
  tx('messages')
    .whereIn('id', [...ids])
    .orderBy('id')
    .forShare()
    .select(...INDEXED);

/** Facts that add nothing are many. */
const TELLING = ['claimed', 'refused', 'unanswered', 'reported', 'ended', 'held'];

type Recorded = FactRow & { recorded_at: Ms };

/** Facts that were written after that place and until then: messages that are told of late are found by them as well. */
export async function indexHappened(store: Store, { at, key }: Place, until: Ms, limit: number): Promise<Bite> {
  const [delivery = '', ...rest] = key.split(' ');
  const rows: Recorded[] = await factsInTime(store)
    .whereBetween('recorded_at', [at, until])
    .where((or) =>
      or
        .where('recorded_at', '>', at)
        .orWhere('delivery_id', '>', delivery)
        .orWhere((same) => same.where('delivery_id', delivery).where('fact_key', '>', rest.join(' '))),
    )
    .orderBy(['recorded_at', 'delivery_id', 'fact_key'])
    .limit(limit);
  const telling = rows.filter(({ kind }) => TELLING.includes(kind));
  if (telling.length > 0) await transact(store, (tx) => writeFacts(tx, telling));
  return biteOf(
    rows.map((row) => ({ at: Number(row.recorded_at), key: `${row.delivery_id} ${row.fact_key}` })),
    { at, key },
  );
}

type Standing = Pick<DeliveryRow, 'id' | 'message_id' | 'reason' | 'provider'>;

async function writeFacts(tx: Knex.Transaction, facts: readonly FactRow[]): Promise<void> {
  const deliveryIds = [...new Set(facts.map((row) => row.delivery_id))];
  const deliveries: Standing[] = await tx('deliveries')
    .whereIn('id', deliveryIds)
    .select('id', 'message_id', 'reason', 'provider');
  const messageIds = [...new Set(deliveries.map((row) => row.message_id))];
  const known: string[] = await tx('search_owners').whereIn('id', messageIds).pluck('id');
  const messages = await stillThere(tx, messageIds);
  const fresh = messages.filter(({ id }) => !known.includes(id)).map(ownerOf);
  await writeTerms(tx, [...fresh, ...deliveryOwners({ messages, deliveries, facts })]);
}

type Found = { messages: readonly Made[]; deliveries: readonly Standing[]; facts: readonly FactRow[] };

/** Those that have terms of their own: most deliveries have none. */
function deliveryOwners({ messages, deliveries, facts }: Found): Owner[] {
  const factsOf = groupBy(facts, (row) => row.delivery_id);
  const madeAt = new Map(messages.map(({ id, created_at }) => [id, Number(created_at)]));
  return deliveries.flatMap((row): Owner[] => {
    const messageAt = madeAt.get(row.message_id);
    const happened = (factsOf.get(row.id) ?? []).map(factIn);
    const terms = [...new Set([...standingTerms(row), ...happened.flatMap(factTerms)])];
    return messageAt === undefined || terms.length === 0
      ? []
      : [{ id: row.id, messageId: row.message_id, messageAt, terms }];
  });
}

/** Deliveries whose facts are read at a time. */
const MOST_DELIVERIES = 500;

/** Messages that were made before that place, newest first, with all that happened to them so far. */
export async function indexEarlier(store: Store, { at, key }: Place, limit: number): Promise<Bite> {
  const rows: Made[] = await store
    .db('messages')
    .where('created_at', '<=', at)
    .where((or) => or.where('created_at', '<', at).orWhere('id', '<', key))
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(limit)
    .select('id', 'created_at');
  const ids = rows.map(({ id }) => id);
  await writeMessages(store, ids);
  for (let after = ''; ids.length > 0; ) {
    const deliveries: string[] = await store
      .db('deliveries')
      .whereIn('message_id', ids)
      .where('id', '>', after)
      .orderBy('id')
      .limit(MOST_DELIVERIES)
      .pluck('id');
    await writeWhole(store, deliveries);
    after = deliveries.at(-1) ?? '';
    if (deliveries.length < MOST_DELIVERIES) break;
  }
  return biteOf(
    rows.map(({ id, created_at }) => ({ at: Number(created_at), key: id })),
    { at, key },
  );
}

async function writeWhole(store: Store, deliveryIds: readonly string[]): Promise<void> {
  if (deliveryIds.length === 0) return;
  await transact(store, async (tx) => {
    const facts: FactRow[] = await tx('facts')
      .whereIn('delivery_id', [...deliveryIds])
      .whereIn('kind', TELLING);
    if (facts.length > 0) await writeFacts(tx, facts);
  });
}

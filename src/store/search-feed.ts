// Finds what has no search terms yet, and gives it some.
import type { Knex } from 'knex';
import { groupBy } from '../core/group.ts';
import { factTerms, standingTerms } from '../core/search-terms.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';
import { factsInTime } from './facts-in-time.ts';
import { setCursorIn } from './notes/cursors.ts';
import { INDEXED, type Owner, ownerOf, writeTerms } from './projections/search-terms.ts';
import { type DeliveryRow, type FactRow, factIn, type MessageRow } from './rows/rows.ts';

/** Where a walk stands: behind the row with that key, made at that time. */
export type Place = { at: Ms; key: string };

/** The walk of that name, from a place on, so many rows at most. */
export type Walk = { name: string; from: Place; limit: number };

/** What was done: the place that the walk has noted, to go on from, and how many rows that were. */
export type Bite = { place: Place; read: number };

type Made = Pick<MessageRow, 'id' | 'created_at'>;

/** Messages that were made after that place and until then, oldest first. */
export async function indexMade(store: Store, walk: Walk, until: Ms): Promise<Bite> {
  const { at, key } = walk.from;
  const rows: Made[] = await store
    .db('messages')
    .whereBetween('created_at', [at, until])
    .where((or) => or.where('created_at', '>', at).orWhere('id', '>', key))
    .orderBy(['created_at', 'id'])
    .limit(walk.limit)
    .select('id', 'created_at');
  return bite(store, walk, rows.map(placeOf), (tx) => writeMessages(tx, rows));
}

const placeOf = ({ id, created_at }: Made): Place => ({ at: Number(created_at), key: id });

/** What is written and how far that came are one change. */
async function bite(
  store: Store,
  { name, from }: Walk,
  places: readonly Place[],
  write: (tx: Knex.Transaction) => Promise<void>,
): Promise<Bite> {
  const place = places.at(-1) ?? from;
  if (places.length > 0)
    await transact(store, async (tx) => {
      await write(tx);
      await setCursorIn(tx, name, place.key, place.at);
    });
  return { place, read: places.length };
}

async function writeMessages(tx: Knex.Transaction, made: readonly Made[]): Promise<void> {
  const ids = made.map(({ id }) => id);
  await writeTerms(tx, (await stillThere(tx, ids)).map(ownerOf));
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
export async function indexHappened(store: Store, walk: Walk, until: Ms): Promise<Bite> {
  const { at, key } = walk.from;
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
    .limit(walk.limit);
  const telling = rows.filter(({ kind }) => TELLING.includes(kind));
  const places = rows.map((row) => ({ at: Number(row.recorded_at), key: `${row.delivery_id} ${row.fact_key}` }));
  return bite(store, walk, places, async (tx) => {
    if (telling.length > 0) await writeFacts(tx, telling);
  });
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
export async function indexEarlier(store: Store, walk: Walk): Promise<Bite> {
  const { at, key } = walk.from;
  const rows: Made[] = await store
    .db('messages')
    .where('created_at', '<=', at)
    .where((or) => or.where('created_at', '<', at).orWhere('id', '<', key))
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(walk.limit)
    .select('id', 'created_at');
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) await transact(store, (tx) => writeMessages(tx, rows));
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
  return bite(store, walk, rows.map(placeOf), async () => {});
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

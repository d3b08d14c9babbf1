// What has become of mail, as applications are told.
import type { Knex } from 'knex';
import type { EventKind, OutgoingEvent } from '../core/outgoing.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { putRows } from './db/statements.ts';
import { transact } from './db/transact.ts';
import type { Endpoint } from './notes/endpoints.ts';

export type KeptEvent = OutgoingEvent;

export const eventColumns = [
  ...['e.delivery_id', 'e.number', 'e.kind', 'e.at', 'e.class', 'e.state', 'e.reason', 'e.attempt', 'e.provider'],
  ...['d.recipient', 'd.message_id', 'm.message_id as rfc_message_id', 'm.message_key'],
] as const;

export type EventRow = {
  delivery_id: string;
  number: number;
  kind: EventKind;
  at: Ms;
  class: string;
  state: string;
  reason: string | null;
  attempt: number;
  provider: string | null;
  recipient: string;
  message_id: string;
  rfc_message_id: string;
  message_key: string | null;
};

export const eventOf = (row: EventRow): KeptEvent => ({
  ...{ deliveryId: row.delivery_id, number: row.number, kind: row.kind, at: row.at, class: row.class },
  ...{ state: row.state, reason: row.reason, attempt: row.attempt, provider: row.provider, recipient: row.recipient },
  ...{ messageId: row.message_id, rfcMessageId: row.rfc_message_id, key: row.message_key },
});

/** The place of an event in the order of all. */
export type EventPlace = { at: Ms; deliveryId: string; number: number };

type Which = { since: Ms; until: Ms; after?: EventPlace | null | undefined; limit: number };

/** Events from a time on until before another, oldest first, or those after one of them. */
export async function eventsSince({ db }: Store, { since, until, after, limit }: Which): Promise<KeptEvent[]> {
  const rows: EventRow[] = await inPlace(db('events as e'), since, until, after)
    .join('deliveries as d', 'd.id', 'e.delivery_id')
    .join('messages as m', 'm.id', 'd.message_id')
    .limit(limit)
    .select(...eventColumns);
  return rows.map(eventOf);
}

function inPlace(
  rows: Knex.QueryBuilder,
  since: Ms,
  until: Ms,
  after: EventPlace | null | undefined,
): Knex.QueryBuilder {
  rows.where('e.at', '>=', Math.max(since, after?.at ?? 0)).where('e.at', '<', until);
  if (after) {
    const { at, deliveryId, number } = after;
    rows.where((later) =>
      later
        .where('e.at', '>', at)
        .orWhere('e.delivery_id', '>', deliveryId)
        .orWhere((same) => same.where('e.delivery_id', deliveryId).where('e.number', '>', number)),
    );
  }
  return rows.orderBy([{ column: 'e.at' }, { column: 'e.delivery_id' }, { column: 'e.number' }]);
}

/** Events that are put back at once. */
const BITE = 200;

/** Has an endpoint told once more of everything since then that it wants to be told; says of how much. */
export async function replayEvents(
  store: Store,
  { id, kinds }: Pick<Endpoint, 'id' | 'kinds'>,
  since: Ms,
  now: Ms,
): Promise<number> {
  let after: EventPlace | null = null;
  for (let count = 0; ; ) {
    const found: KeptEvent[] = await eventsSince(store, { since, until: now + 1, after, limit: BITE });
    const rows = found
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ deliveryId: delivery_id, number }) => ({ delivery_id, number, endpoint: id, ...anew(now) }));
    await transact(store, (tx) =>
      putRows(tx, 'event_posts', rows, {
        key: ['delivery_id', 'number', 'endpoint'],
        columns: Object.keys(anew(now)),
      }),
    );
    count += rows.length;
    after = found.at(-1) ?? null;
    if (found.length < BITE || after === null) return count;
  }
}

const anew = (now: Ms) => ({ since: now, due_at: now, lease: null, tries: 0, done_at: null });

/** One event on its way to an endpoint, and what came of the last try. */
export type PostHistory = {
  event: Pick<KeptEvent, 'deliveryId' | 'number' | 'kind' | 'messageId'>;
  state: 'done' | 'waits' | 'given_up';
  tries: number;
  triedAt: Ms;
  took: Ms;
  status: number | null;
  detail: string | null;
};

type HistoryRow = {
  delivery_id: string;
  number: number;
  kind: EventKind;
  message_id: string;
  due_at: Ms | null;
  done_at: Ms | null;
  tries: number;
  tried_at: Ms;
  took: Ms;
  status: number | null;
  detail: string | null;
};

/** What was tried last at an endpoint, newest first. */
export async function lastTries({ db }: Store, endpoint: string, limit: number): Promise<PostHistory[]> {
  const rows: HistoryRow[] = await db('event_posts as p')
    .join('events as e', (on) => on.on('e.delivery_id', 'p.delivery_id').on('e.number', 'p.number'))
    .join('deliveries as d', 'd.id', 'p.delivery_id')
    .where({ 'p.endpoint': endpoint })
    .whereNotNull('p.tried_at')
    .orderBy('p.tried_at', 'desc')
    .limit(limit)
    .select('p.delivery_id', 'p.number', 'e.kind', 'd.message_id', 'p.due_at', 'p.done_at')
    .select('p.tries', 'p.tried_at', 'p.took', 'p.status', 'p.detail');
  return rows.map(({ delivery_id, number, kind, message_id, due_at, done_at, tried_at, ...row }) => ({
    ...{ event: { deliveryId: delivery_id, number, kind, messageId: message_id }, triedAt: tried_at },
    state: done_at !== null ? 'done' : due_at === null ? 'given_up' : 'waits',
    ...{ tries: row.tries, took: row.took, status: row.status, detail: row.detail },
  }));
}

/** How many events an endpoint is still to be told, up to `most`, and since when the oldest has been due. */
export async function postsWaiting(
  { db }: Store,
  endpoint: string,
  most: number,
): Promise<{ n: number; oldest: Ms | null }> {
  const waiting = () => db('event_posts').where({ endpoint }).whereNotNull('due_at');
  const row = await db.from(waiting().select('number').limit(most).as('few')).count({ n: '*' }).first();
  const oldest: { due_at: Ms } | undefined = await waiting().orderBy('due_at').first('due_at');
  return { n: Number(row?.['n'] ?? 0), oldest: oldest?.due_at ?? null };
}

export type EventKey = { delivery_id: string; number: number };

/** Of rows about events, those of these. */
export const withKeys = (rows: Knex.QueryBuilder, keys: readonly EventKey[]): Knex.QueryBuilder =>
  rows.where((any) => {
    for (const { delivery_id, number } of keys) any.orWhere({ delivery_id, number });
  });

/** How many events were deleted, and how many of them each endpoint had not been told yet. */
export type Pruned = { events: number; untold: { endpoint: string; n: number }[] };

/** Deletes events from before that moment, and what came of them; `limit` at most. */
export async function pruneEvents(store: Store, before: Ms, limit: number): Promise<Pruned> {
  const old: EventKey[] = await store
    .db('events')
    .where('at', '<', before)
    .orderBy('at')
    .limit(limit)
    .select('delivery_id', 'number');
  if (old.length === 0) return { events: 0, untold: [] };
  return transact(store, async (tx) => {
    const waiting = withKeys(tx('event_posts'), old).whereNotNull('due_at');
    const untold: { endpoint: string; n: number | string }[] = await waiting
      .groupBy('endpoint')
      .select('endpoint')
      .count({ n: '*' });
    await withKeys(tx('event_posts'), old).delete();
    await withKeys(tx('events'), old).delete();
    return { events: old.length, untold: untold.map(({ endpoint, n }) => ({ endpoint, n: Number(n) })) };
  });
}

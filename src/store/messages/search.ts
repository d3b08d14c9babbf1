import type { Knex } from 'knex';
import { timeOf } from '../../base/ids.ts';
import { STATES } from '../../core/delivery.ts';
import { groupBy } from '../../core/group.ts';
import { CLASSES, type MessageClass } from '../../core/message-class.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { type DeliveryRow, type MessageRow, recipientKey } from '../rows/rows.ts';

export type Search = {
  recipient?: string | undefined;
  state?: string | undefined;
  class?: MessageClass | undefined;
  since?: Ms | undefined;
  until?: Ms | undefined;
  limit: number;
  /** The id of the last message of the page before. */
  cursor?: string | undefined;
};

export type Found = { message: MessageRow; deliveries: DeliveryRow[] };

/**
 * Finds messages, newest first; `next` is the cursor of the next page, or null. Each kind of search walks an index that
 * has this order, and ends when the page is full: so it costs what it shows, whatever the history.
 */
export async function searchMessages(store: Store, s: Search): Promise<{ found: Found[]; next: string | null }> {
  const { db } = store;
  const walk = { ...s, before: s.cursor === undefined ? null : await standingOf(db, s.cursor), limit: s.limit + 1 };
  const standings = await standingsOf(db, walk);
  const ids = standings.slice(0, s.limit).map((p) => p.id);
  const next = standings.length > s.limit ? (ids.at(-1) ?? null) : null;
  return { found: await load(db, ids), next };
}

/** More are not counted. */
export const MOST_COUNTED = 1000;

/** The mails to one person, newest first: the ids of their deliveries, and how many there are behind these. */
export type To = { ids: string[]; next: string | null; more: number };

/** The same for one recipient, without what went to others. `more` is counted up to `MOST_COUNTED`. */
export async function newestTo(
  { db }: Store,
  { recipient, limit, cursor }: { recipient: string; limit: number; cursor?: string | undefined },
): Promise<To> {
  const before = cursor === undefined ? null : await standingOf(db, cursor);
  const walk = { recipient, before, limit: limit + 1 + MOST_COUNTED };
  const all = await ofDeliveries(db, walk);
  const page = all.slice(0, limit).map(({ id }) => id);
  const rows: { id: string; message_id: string }[] = await db('deliveries')
    .whereIn('message_id', page)
    .where({ recipient_key: recipientKey(recipient) })
    .select('id', 'message_id');
  const idOf = new Map(rows.map(({ id, message_id }) => [message_id, id]));
  const more = Math.min(MOST_COUNTED, Math.max(0, all.length - limit));
  return { ids: page.flatMap((id) => idOf.get(id) ?? []), next: more > 0 ? (page.at(-1) ?? null) : null, more };
}

/** When the oldest message was made that is kept; null when there is none. */
export async function oldestMessage({ db }: Store): Promise<Ms | null> {
  const row: { created_at: Ms } | undefined = await db('messages')
    .where('created_at', '>=', 0)
    .orderBy('created_at')
    .first('created_at');
  return row ? Number(row.created_at) : null;
}

/** Where a message stands in the order of all. */
type Standing = { at: Ms; id: string };
type Walk = Search & { before: Standing | null };

/** If the message was deleted meanwhile, its id tells where it stood. */
async function standingOf(db: Knex, id: string): Promise<Standing> {
  const row: { created_at: Ms } | undefined = await db('messages').where({ id }).first('created_at');
  return { at: row?.created_at ?? timeOf(id), id };
}

async function standingsOf(db: Knex, walk: Walk): Promise<Standing[]> {
  if (walk.recipient !== undefined || walk.state !== undefined) return ofDeliveries(db, walk);
  const query = db('messages').select({ at: 'created_at', id: 'id' });
  if (walk.class !== undefined) query.where({ class: walk.class });
  return newestFirst(query, walk, { at: 'created_at', id: 'id' });
}

/** The columns of `deliveries` that say where their message stands. */
const OF_MESSAGE = { at: 'message_at', id: 'message_id' };

async function ofDeliveries(db: Knex, walk: Walk): Promise<Standing[]> {
  const walks = waysOf(walk).map((way) => {
    const query = db('deliveries').where(way).select(OF_MESSAGE);
    // To one recipient a message has one delivery at most, and of several in one state it counts once.
    if (walk.recipient === undefined) query.groupBy('message_at', 'message_id');
    return db.from(newestFirst(query, walk, OF_MESSAGE).as('part')).select('*');
  });
  const standings: Standing[] = await db.unionAll(walks);
  return standings.sort(inOrder).slice(0, walk.limit);
}

type Way = { recipient_key?: string; state?: string; class?: MessageClass };

/** One walk for each state and class, as the indexes have both: what does not fit would be read without an end. */
function waysOf({ recipient, state, class: name }: Walk): Way[] {
  const to = recipient === undefined ? {} : { recipient_key: recipientKey(recipient) };
  if (state === undefined && name === undefined) return [to];
  const classes = name === undefined ? CLASSES : [name];
  return (state === undefined ? STATES : [state]).flatMap((one) =>
    classes.map((c) => ({ ...to, state: one, class: c })),
  );
}

const inOrder = (a: Standing, b: Standing): number => b.at - a.at || (a.id < b.id ? 1 : -1);

function newestFirst(
  query: Knex.QueryBuilder,
  { since, until, before, limit }: Walk,
  { at, id }: { at: string; id: string },
): Knex.QueryBuilder {
  if (since !== undefined) query.where(at, '>=', since);
  if (until !== undefined) query.where(at, '<', until);
  if (before !== null)
    query.where(at, '<=', before.at).where((or) => or.where(at, '<', before.at).orWhere(id, '<', before.id));
  return query
    .orderBy([
      { column: at, order: 'desc' },
      { column: id, order: 'desc' },
    ])
    .limit(limit);
}

async function load(db: Knex, ids: readonly string[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const messages: MessageRow[] = await db('messages').whereIn('id', [...ids]);
  // Sorted here: MariaDB may read all deliveries in the order of their ids, when its statistics are old, to spare the sorting.
  const deliveries: DeliveryRow[] = await db('deliveries').whereIn('message_id', [...ids]);
  deliveries.sort((a, b) => (a.id < b.id ? -1 : 1));
  const messageOf = new Map(messages.map((m) => [m.id, m]));
  const deliveriesOf = groupBy(deliveries, (d) => d.message_id);
  return ids.flatMap((id) => {
    const message = messageOf.get(id);
    return message ? [{ message, deliveries: deliveriesOf.get(id) ?? [] }] : [];
  });
}

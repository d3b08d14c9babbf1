import type { Knex } from 'knex';
import { timeOf } from '../../base/ids.ts';
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

/** Where a message stands in the order of all. */
type Standing = { at: Ms; id: string };
type Walk = Search & { before: Standing | null };

/** If the message was deleted meanwhile, its id tells where it stood. */
async function standingOf(db: Knex, id: string): Promise<Standing> {
  const row: { created_at: Ms } | undefined = await db('messages').where({ id }).first('created_at');
  return { at: row?.created_at ?? timeOf(id), id };
}

async function standingsOf(db: Knex, walk: Walk): Promise<Standing[]> {
  if (walk.recipient !== undefined) return byRecipient(db, walk, walk.recipient);
  if (walk.state !== undefined) return byState(db, walk, walk.state);
  const query = db('messages').select({ at: 'created_at', id: 'id' });
  if (walk.class !== undefined) query.where({ class: walk.class });
  return newestFirst(query, walk, { at: 'created_at', id: 'id' });
}

/** The columns of `deliveries` that say where their message stands. */
const OF_MESSAGE = { at: 'message_at', id: 'message_id' };

/** A message has one delivery to a recipient at most. */
async function byRecipient(db: Knex, walk: Walk, recipient: string): Promise<Standing[]> {
  const query = db('deliveries')
    .where({ recipient_key: recipientKey(recipient) })
    .select(OF_MESSAGE);
  // Written so that no index fits: SQLite would otherwise walk all deliveries in that state.
  if (walk.state !== undefined) query.whereRaw("coalesce(??, '') = ?", ['state', walk.state]);
  if (walk.class !== undefined) query.whereRaw("coalesce(??, '') = ?", ['class', walk.class]);
  return newestFirst(query, walk, OF_MESSAGE);
}

/** One walk for each class, as the index begins with state and class. */
async function byState(db: Knex, walk: Walk, state: string): Promise<Standing[]> {
  const standings: Standing[] = [];
  for (const name of walk.class === undefined ? CLASSES : [walk.class]) {
    const query = db('deliveries').where({ state, class: name }).groupBy('message_at', 'message_id').select(OF_MESSAGE);
    standings.push(...(await newestFirst(query, walk, OF_MESSAGE)));
  }
  return standings.sort(inOrder).slice(0, walk.limit);
}

const inOrder = (a: Standing, b: Standing): number => b.at - a.at || (a.id < b.id ? 1 : -1);

async function newestFirst(
  query: Knex.QueryBuilder,
  { since, until, before, limit }: Walk,
  { at, id }: { at: string; id: string },
): Promise<Standing[]> {
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
  const messages: MessageRow[] = await db('messages').whereIn('id', [...ids]);
  const deliveries: DeliveryRow[] = await db('deliveries')
    .whereIn('message_id', [...ids])
    .orderBy('id');
  const messageOf = new Map(messages.map((m) => [m.id, m]));
  const deliveriesOf = groupBy(deliveries, (d) => d.message_id);
  return ids.flatMap((id) => {
    const message = messageOf.get(id);
    return message ? [{ message, deliveries: deliveriesOf.get(id) ?? [] }] : [];
  });
}

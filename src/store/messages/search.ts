import type { Knex } from 'knex';
import { timeOf } from '../../base/ids.ts';
import type { State } from '../../core/delivery.ts';
import { groupBy } from '../../core/group.ts';
import type { MessageClass } from '../../core/message-class.ts';
import type { Ms } from '../../core/time.ts';
import { MOST_COUNTED } from '../db/counted.ts';
import type { Store } from '../db/open.ts';
import { type DeliveryRow, type MessageRow, recipientKey } from '../rows/rows.ts';
import { listsFor, readNewest, type Standing } from './lists.ts';

export type Search = {
  recipient?: string | undefined;
  state?: State | undefined;
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
  const standings = await newest(db, { ...s, limit: s.limit + 1 });
  const ids = standings.slice(0, s.limit).map((p) => p.id);
  const next = standings.length > s.limit ? (ids.at(-1) ?? null) : null;
  return { found: await load(db, ids), next };
}

/** The mails to one person, newest first: the ids of their deliveries, and how many more there are, up to `MOST_COUNTED`. */
export type To = { ids: string[]; next: string | null; more: number };

/** Reads a page of them, which begins behind the message `cursor`. */
export async function newestTo(
  { db }: Store,
  { recipient, limit, cursor }: { recipient: string; limit: number; cursor?: string | undefined },
): Promise<To> {
  const all = await newest(db, { recipient, cursor, limit: limit + 1 + MOST_COUNTED });
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

async function newest(db: Knex, { limit, cursor, since, until, ...filter }: Search): Promise<Standing[]> {
  const [list] = listsFor(filter);
  const before = cursor === undefined ? null : await standingOf(db, cursor);
  return readNewest(db, list, { since, until, before }, limit);
}

/** If the message was deleted meanwhile, its id tells where it stood. */
async function standingOf(db: Knex, id: string): Promise<Standing> {
  const row: { created_at: Ms } | undefined = await db('messages').where({ id }).first('created_at');
  return { at: row?.created_at ?? timeOf(id), id };
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

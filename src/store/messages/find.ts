// Questions about messages, none of which changes anything.
import type { Knex } from 'knex';
import { recordKey } from '../../base/ids.ts';
import { asciiLower } from '../../core/address.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks } from '../db/transact.ts';
import { type DeliveryRow, load, type MessageRow, recipientKey, type View } from '../rows/rows.ts';

/** Messages by the application's key, which is kept without blanks around it, newest first. */
export async function messagesByKey(store: Store, key: string): Promise<string[]> {
  const rows: { id: string }[] = await store
    .db('messages')
    .where({ message_key: key.trim() })
    .orderBy('created_at', 'desc')
    .select('id')
    .limit(100);
  return rows.map((r) => r.id);
}

/** One message with its deliveries, by its id, the id of one of its deliveries, or its Message-Id. */
export async function findMessage(store: Store, name: string): Promise<{ message: MessageRow; views: View[] } | null> {
  const { db } = store;
  const bare = name.replace(/^<|>$/g, '');
  const delivery: { message_id: string } | undefined = await db('deliveries').where({ id: bare }).first('message_id');
  const ids = [bare, ...(delivery ? [delivery.message_id] : [])];
  let message: MessageRow | undefined = await db('messages').whereIn('id', ids).first();
  if (!message && bare.includes('@')) message = await byRfcMessageId(db, bare);
  if (!message) return null;
  const rows: { id: string }[] = await db('deliveries')
    .where({ message_id: message.id })
    .orderBy('id')
    .select('id')
    .limit(5000);
  const views: View[] = [];
  for (const part of chunks(
    rows.map((r) => r.id),
    200,
  ))
    views.push(...(await load(db, part)).values());
  return { message, views };
}

/** The domain is usually the one behind the @; else any domain that we know. */
async function byRfcMessageId(db: Knex, messageId: string): Promise<MessageRow | undefined> {
  const known: { domain: string }[] = await db('domains').select('domain').limit(1000);
  const names = [asciiLower(messageId.slice(messageId.lastIndexOf('@') + 1)), ...known.map(({ domain }) => domain)];
  const keys = names.map((domain) => recordKey(domain, messageId));
  return db('messages').whereIn('record_key', keys).first();
}

export type Search = {
  recipient?: string | undefined;
  state?: string | undefined;
  class?: string | undefined;
  since?: Ms | undefined;
  until?: Ms | undefined;
  limit: number;
  cursor?: string | undefined;
};

export type Found = { message: MessageRow; deliveries: DeliveryRow[] };

/** Messages, newest first; `next` is the cursor of the next page, or null. */
export async function searchMessages(store: Store, s: Search): Promise<{ found: Found[]; next: string | null }> {
  const { db } = store;
  const query = db('messages')
    .orderBy('messages.id', 'desc')
    .limit(s.limit + 1)
    .select('messages.*');
  if (s.recipient !== undefined || s.state !== undefined) {
    const matching = db('deliveries').select('message_id');
    if (s.recipient !== undefined) matching.where('recipient_key', recipientKey(s.recipient));
    if (s.state !== undefined) matching.where('state', s.state);
    query.whereIn('messages.id', matching);
  }
  if (s.class !== undefined) query.where('messages.class', s.class);
  if (s.since !== undefined) query.where('messages.created_at', '>=', s.since);
  if (s.until !== undefined) query.where('messages.created_at', '<', s.until);
  if (s.cursor !== undefined) query.where('messages.id', '<', s.cursor);
  const rows: MessageRow[] = await query;
  const page = rows.slice(0, s.limit);
  const deliveries: DeliveryRow[] = await db('deliveries')
    .whereIn(
      'message_id',
      page.map((m) => m.id),
    )
    .orderBy('id');
  const found = page.map((message) => ({ message, deliveries: deliveries.filter((d) => d.message_id === message.id) }));
  return { found, next: rows.length > s.limit ? (page.at(-1)?.id ?? null) : null };
}

/** When the first message after `since` and before `until` was recorded that a provider accepted; null when there is none. */
export async function acceptedSince(store: Store, since: Ms, until: Ms): Promise<Ms | null> {
  const row: { created_at: Ms } | undefined = await store
    .db('deliveries')
    .whereBetween('created_at', [since + 1, until])
    .whereIn('state', ['accepted', 'deferred', 'delivered', 'failed'])
    .orderBy('created_at')
    .first('created_at');
  return row?.created_at ?? null;
}

// Questions about messages, none of which changes anything.
import type { Knex } from 'knex';
import { recordKey } from '../../base/ids.ts';
import { asciiLower } from '../../core/address.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks } from '../db/transact.ts';
import { load, type MessageRow, recipientKey, type View } from '../rows/rows.ts';

/** The messages with this key of the application's, which is kept without blanks around it, newest first. */
export async function messagesByKey(store: Store, key: string): Promise<string[]> {
  const rows: { id: string }[] = await store
    .db('messages')
    .where({ message_key: key.trim() })
    .orderBy('created_at', 'desc')
    .select('id');
  return rows.map((r) => r.id);
}

/** The deliveries of a message in their order: as many as it has recipients. */
export async function deliveryIds(db: Knex, messageId: string, recipient?: string): Promise<string[]> {
  const query = db('deliveries').where({ message_id: messageId }).orderBy('id').select('id');
  if (recipient !== undefined) query.where({ recipient_key: recipientKey(recipient) });
  const rows: { id: string }[] = await query;
  return rows.map((r) => r.id);
}

/** One message, by its id, the id of one of its deliveries, or its Message-Id. */
export async function findMessageRow({ db }: Store, name: string): Promise<MessageRow | null> {
  const bare = name.replace(/^<|>$/g, '');
  const delivery: { message_id: string } | undefined = await db('deliveries').where({ id: bare }).first('message_id');
  const ids = [bare, ...(delivery ? [delivery.message_id] : [])];
  const message: MessageRow | undefined = await db('messages').whereIn('id', ids).first();
  if (message || !bare.includes('@')) return message ?? null;
  return (await byRfcMessageId(db, bare)) ?? null;
}

/** The same with all of its deliveries. */
export async function findMessage(store: Store, name: string): Promise<{ message: MessageRow; views: View[] } | null> {
  const message = await findMessageRow(store, name);
  if (!message) return null;
  const views: View[] = [];
  for (const part of chunks(await deliveryIds(store.db, message.id), 200))
    views.push(...(await load(store.db, part)).values());
  return { message, views };
}

/** The newest with this Message-Id, of the domain behind its @ and of any domain that we know. */
async function byRfcMessageId(db: Knex, messageId: string): Promise<MessageRow | undefined> {
  const known: { domain: string }[] = await db('domains').select('domain').limit(1000);
  const names = [asciiLower(messageId.slice(messageId.lastIndexOf('@') + 1)), ...known.map(({ domain }) => domain)];
  const keys = names.map((domain) => recordKey(domain, messageId));
  const queued: string[] = await db('handles')
    .whereIn('hash', keys)
    .orderBy('message_id', 'desc')
    .limit(1)
    .pluck('message_id');
  // Not both in one question: SQLite answers that by reading all messages when one of the lists is empty.
  const recorded: string[] = await db('messages').whereIn('record_key', keys).pluck('id');
  const newest = [...recorded, ...queued].sort().at(-1);
  return newest === undefined ? undefined : db('messages').where({ id: newest }).first();
}

/**
 * When the first message was recorded that a provider accepted, after `since` and before `until`; null when there is
 * none.
 */
export async function acceptedSince(store: Store, since: Ms, until: Ms): Promise<Ms | null> {
  const row: { created_at: Ms } | undefined = await store
    .db('deliveries')
    .whereBetween('created_at', [since + 1, until])
    .whereIn('state', ['accepted', 'deferred', 'delivered', 'failed'])
    .orderBy('created_at')
    .first('created_at');
  return row?.created_at ?? null;
}

/** Messages with a key around one, newest first: as many newer and as many older ones at most. */
export async function sharingKey(
  { db }: Store,
  { id, message_key: key, created_at }: MessageRow,
  most: number,
): Promise<MessageRow[]> {
  if (key === null) return [];
  const others = () => db('messages').where({ message_key: key }).whereNot({ id });
  const newer: MessageRow[] = await others().where('created_at', '>', created_at).orderBy('created_at').limit(most);
  const older: MessageRow[] = await others()
    .where('created_at', '<=', created_at)
    .orderBy('created_at', 'desc')
    .limit(most);
  return [...newer.reverse(), ...older];
}

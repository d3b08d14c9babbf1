// What is removed of a person, and what keeps late events from bringing it back.
import { sha256 } from '../base/ids.ts';
import { addressesNamed, mentions } from '../core/mention.ts';
import { DAY, type Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { deleteBy } from './db/statements.ts';
import { again, chunks, transact } from './db/transact.ts';
import { forgetIn } from './forget.ts';
import { byRecipient } from './inbox/news.ts';
import { recipientKey } from './rows/rows.ts';

/** Events of older mail come no later: Mailgun posts for hours, and its records are kept for a month at most. */
const REMEMBERED: Ms = 40 * DAY;

const hashOf = (address: string): string => sha256(`erased\n${recipientKey(address)}`);

/** From now on, what is told of earlier mail to this address makes no delivery. */
export function rememberErased(store: Store, address: string, now: Ms): Promise<void> {
  return transact(store, async (tx) => {
    await tx('erased')
      .where('at', '<', now - REMEMBERED)
      .delete();
    const row = { address_hash: hashOf(address), at: now };
    await tx('erased').insert(row).onConflict('address_hash').merge();
  });
}

/** When each of these people was erased; null for those who were not. */
export async function erasedAmong(store: Store, addresses: readonly string[]): Promise<(address: string) => Ms | null> {
  const erasedAt = new Map<string, Ms>();
  for (const part of chunks([...new Set(addresses.map(hashOf))], 200)) {
    const rows: { address_hash: string; at: Ms }[] = await store.db('erased').whereIn('address_hash', part);
    for (const { address_hash, at } of rows) erasedAt.set(address_hash, Number(at));
  }
  return (address) => erasedAt.get(hashOf(address)) ?? null;
}

/** Some deliveries to an address, oldest first. */
export function deliveriesTo({ db }: Store, address: string, limit: number): Promise<string[]> {
  return db('deliveries')
    .where({ recipient_key: recipientKey(address) })
    .orderBy('message_at')
    .limit(limit)
    .pluck('id');
}

/**
 * Deletes deliveries with all that hangs on them, and the messages that have no other recipient; says how many messages
 * went.
 */
export function eraseDeliveries(store: Store, ids: readonly string[]): Promise<number> {
  return transact(store, async (tx) => {
    const messages: string[] = await tx('deliveries')
      .whereIn('id', [...ids])
      .distinct('message_id')
      .pluck('message_id');
    const others: string[] = await tx('deliveries')
      .whereIn('message_id', messages)
      .whereNotIn('id', [...ids])
      .distinct('message_id')
      .pluck('message_id');
    const messageIds = messages.filter((id) => !others.includes(id));
    return forgetIn(tx, { messageIds, deliveryIds: ids });
  });
}

/** Rows of the inbox that are read at a time: each is looked at from its beginning to its end. */
const PAGE = 500;

type Came = {
  id: string;
  provider: string;
  source: string;
  received_at: Ms;
  body: string;
  content_type: string | null;
  about: string | null;
  pending: number;
};

/**
 * What came in that names an address, page by page from after a row on: gives the last row of the page, or null at the end,
 * and how many rows were read. The inbox is read through.
 */
export async function eventsNaming(
  { db }: Store,
  address: string,
  after: string,
): Promise<{ last: string | null; read: number; named: Came[] }> {
  const rows: Came[] = await db('inbox')
    .where('id', '>', after)
    .orderBy('id')
    .limit(PAGE)
    .select('id', 'provider', 'source', 'received_at', 'body', 'content_type', 'about', 'pending');
  const named = rows.filter((row) => mentions(row.body, row.content_type, address));
  return { last: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null), read: rows.length, named };
}

/**
 * Deletes what came in about an address, page by page as `eventsNaming`; says how many rows were deleted. What names the
 * address, but may be about others, is left as long as it was not understood: how many rows those are is said as well.
 */
export async function eraseEvents(
  store: Store,
  address: string,
  after: string,
): Promise<{ last: string | null; read: number; deleted: number; left: number }> {
  const { last, read, named } = await eventsNaming(store, address, after);
  const over = named.filter(({ pending, about }) => pending === 0 || about === byRecipient(address));
  const ids = over.map(({ id }) => id);
  const deleted = ids.length === 0 ? 0 : await transact(store, (tx) => deleteBy(tx, 'inbox', 'id', ids));
  return { last, read, deleted, left: named.length - over.length };
}

/**
 * Deletes those of these rows of the inbox in which somebody stands who was erased after that moment: what is told of the
 * others in a mail names all to whom it went.
 */
export async function forgetMentions(
  store: Store,
  rows: readonly { id: string; body: string; content_type: string | null }[],
  since: Ms,
): Promise<void> {
  const isUsual = (await store.db('erased').where('at', '>', since).first('at')) === undefined;
  if (isUsual || rows.length === 0) return;
  const named = rows.map(({ id, body, content_type }) => ({ id, names: addressesNamed(body, content_type) }));
  const erasedAt = await erasedAmong(
    store,
    named.flatMap(({ names }) => names),
  );
  const isErased = (name: string) => (erasedAt(name) ?? since) > since;
  const ids = named.filter(({ names }) => names.some(isErased)).map(({ id }) => id);
  if (ids.length > 0) await transact(store, (tx) => deleteBy(tx, 'inbox', 'id', ids));
}

/** Takes what was deleted out of the write-ahead log of an SQLite file as well. */
export async function eraseFromLog(store: Store): Promise<void> {
  if (store.kind === 'sqlite') await again(() => store.db.raw('pragma wal_checkpoint(truncate)'));
}

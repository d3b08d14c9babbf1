// Mail that is asked for again: how often that was done, for all processes together.
import type { Knex } from 'knex';
import { newId, sha256 } from '../../base/ids.ts';
import type { Fact } from '../../core/delivery.ts';
import { ASKED_KEPT, type Asked } from '../../core/resend.ts';
import type { Ms } from '../../core/time.ts';
import type { Row } from '../../core/waiting.ts';
import type { Store } from '../db/open.ts';
import { deleteBy, insertNew } from '../db/statements.ts';
import { chunks, transact, transactOnce } from '../db/transact.ts';
import { changeIn } from '../ledger/ledger.ts';
import { type AuditEntry, auditIn } from '../notes/audit.ts';
import { load, type MessageRow, type View } from '../rows/rows.ts';
import { deliveryIds } from './find.ts';

type Named = Pick<MessageRow, 'id' | 'message_key'>;

/** All messages with one key of the application's are one thing to ask for; without a key each is one by itself. */
const nameOf = ({ id, message_key: key }: Named): string => (key === null ? `message\n${id}` : nameOfKey(key));
const nameOfKey = (key: string): string => `key\n${key}`;

/** From when on somebody waits for a message: one that is to come later is not late before. */
export const awaitedFrom = ({ created_at, deliver_at }: Pick<MessageRow, 'created_at' | 'deliver_at'>): Ms =>
  Math.max(created_at, deliver_at ?? 0);

export type ResendWish<A> = {
  message: MessageRow;
  /** If given, only the delivery to this recipient is meant. */
  recipient?: string | undefined;
  now: Ms;
  /** What it comes to, and what happens to which deliveries, as they are under lock. */
  decide(views: readonly View[], asked: Asked | null): { answer: A; facts: ReadonlyMap<string, Fact> };
  /** What the audit is to say of the deliveries that were changed. */
  entry(changed: readonly string[]): AuditEntry;
};

/** Changes a message because it was asked for again. Those who ask at the same time do so in turn. */
export function askAgain<A>(store: Store, wish: ResendWish<A>): Promise<A> {
  const { message, recipient, now, decide, entry } = wish;
  return inTurn(store, nameOf(message), now, async (tx, asked) => {
    const views = await viewsIn(tx, await deliveryIds(tx, message.id, recipient));
    const { answer, facts } = decide(views, asked);
    const ids = [...facts.keys()].sort();
    for (const part of chunks(ids, 200)) {
      await changeIn(tx, part, now, ({ id }) => {
        const fact = facts.get(id);
        return fact ? [fact] : [];
      });
    }
    if (ids.length > 0) await auditIn(tx, now, entry(ids));
    return { answer, asked: ids.length > 0 ? { times: (asked?.times ?? 0) + 1, at: now } : null };
  });
}

async function viewsIn(tx: Knex.Transaction, ids: readonly string[]): Promise<View[]> {
  const views: View[] = [];
  for (const part of chunks(ids, 200)) views.push(...(await load(tx, part, true)).values());
  return views;
}

/** The newest message with a key, and its deliveries. */
export type Newest = { message: MessageRow; rows: (Row & { endedAt: Ms | null })[] };

export type KeyWish<A> = {
  key: string;
  now: Ms;
  /** What it comes to, and how often it was asked for then; null when that stays as it is. */
  decide(newest: Newest | null, asked: Asked | null): { answer: A; asked: Asked | null };
};

/** The same for whoever is about to send a new message with that key. */
export function askByKey<A>(store: Store, { key, now, decide }: KeyWish<A>): Promise<A> {
  return inTurn(store, nameOfKey(key), now, async (tx, asked) => {
    const message: MessageRow | undefined = await tx('messages')
      .where({ message_key: key })
      .orderBy('created_at', 'desc')
      .first();
    return decide(message ? { message, rows: await rowsOf(tx, message.id) } : null, asked);
  });
}

type Turn<A> = (tx: Knex.Transaction, asked: Asked | null) => Promise<{ answer: A; asked: Asked | null }>;

/** On MySQL the row is locked; SQLite has one writer at a time anyway. */
function inTurn<A>(store: Store, name: string, now: Ms, turn: Turn<A>): Promise<A> {
  const name_hash = sha256(name);
  const claim = newId(now);
  const isDone = (tx: Knex.Transaction) => tx('resends').where({ name_hash, claim }).first('claim');
  return transactOnce(store, isDone, async (tx) => {
    await insertNew(tx, 'resends', { name_hash, times: 0, asked_at: 0 }, 'name_hash');
    const row: AskedRow | undefined = await tx('resends').where({ name_hash }).forUpdate().first('times', 'asked_at');
    const { answer, asked } = await turn(tx, askedIn(row, now));
    if (asked) await tx('resends').where({ name_hash }).update({ times: asked.times, asked_at: asked.at, claim });
    return answer;
  });
}

type AskedRow = { times: number; asked_at: Ms };

function askedIn(row: AskedRow | undefined, now: Ms): Asked | null {
  const at = Number(row?.asked_at ?? 0);
  return row && at > now - ASKED_KEPT ? { times: Number(row.times), at } : null;
}

/** What the person who waits for a message may know of it. */
export type Waiting = { message: MessageRow; rows: Row[]; asked: Asked | null };

/** Null when there is no such message, or it was erased. */
export async function waitingFor({ db }: Store, id: string, now: Ms): Promise<Waiting | null> {
  const message: MessageRow | undefined = await db('messages').where({ id }).first();
  if (!message) return null;
  const row: AskedRow | undefined = await db('resends')
    .where({ name_hash: sha256(nameOf(message)) })
    .first('times', 'asked_at');
  const rows = await rowsOf(db, id);
  return rows.length === 0 ? null : { message, rows, asked: askedIn(row, now) };
}

/** Of these messages, how often each was asked for again, and when last, as far as that counts. */
export async function askedAmong(
  store: Store,
  messages: readonly Named[],
  now: Ms,
): Promise<Map<string, Asked | null>> {
  const rowOf = await resendRows(store, messages);
  return new Map(messages.map((message) => [message.id, askedIn(rowOf.get(message.id), now)]));
}

/** The rows that say this, by the ids of their messages; a message that was never asked for again has none. */
export async function resendRows(store: Store, messages: readonly Named[]): Promise<Map<string, AskedRow>> {
  const hashes = new Map(messages.map((message) => [message.id, sha256(nameOf(message))]));
  const rows: (AskedRow & { name_hash: string })[] = [];
  for (const part of chunks([...new Set(hashes.values())], 200))
    rows.push(...(await store.db('resends').whereIn('name_hash', part).select('name_hash', 'times', 'asked_at')));
  const rowOf = new Map(rows.map((row) => [row.name_hash, row]));
  return new Map(
    [...hashes].flatMap(([id, hash]) => {
      const row = rowOf.get(hash);
      return row ? [[id, row] as const] : [];
    }),
  );
}

async function rowsOf(db: Knex, messageId: string): Promise<Newest['rows']> {
  const rows: (Row & { ended_at: Ms | null })[] = await db('deliveries')
    .where({ message_id: messageId })
    .select('state', 'reason', 'attempt', 'ended_at');
  return rows.map(({ ended_at, ...row }) => ({ ...row, endedAt: ended_at === null ? null : Number(ended_at) }));
}

/** Forgets what was asked for before that moment. */
export async function pruneResends(store: Store, before: Ms, limit: number): Promise<number> {
  const old = store.db('resends').where('asked_at', '<', before).orderBy('asked_at').limit(limit);
  const hashes: string[] = await old.pluck('name_hash');
  return hashes.length === 0 ? 0 : transact(store, (tx) => deleteBy(tx, 'resends', 'name_hash', hashes));
}

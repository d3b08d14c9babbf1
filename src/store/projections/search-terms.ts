// The words by which mail is searched. They are written by a job of their own, and go with their messages.
import type { Knex } from 'knex';
import { messageTerms } from '../../core/search-terms.ts';
import type { Ms } from '../../core/time.ts';
import { deleteBy, insertNew, putRows } from '../db/statements.ts';
import { chunks } from '../db/transact.ts';
import type { Projection } from '../rows/projection.ts';
import type { MessageRow } from '../rows/rows.ts';

/** A message, or one of its deliveries, and its terms. */
export type Owner = { id: string; messageId: string; messageAt: Ms; terms: readonly string[] };

type OwnerRow = { id: string; message_id: string; message_at: Ms; terms: string };

/** Nothing is written where deliveries change: mail is not to wait for that. */
export const searchTerms: Projection = {
  name: 'search-terms',
  project: async () => {},
  async forget(tx, { messageIds, deliveryIds }) {
    for (const ids of chunks([...messageIds, ...deliveryIds], 500)) await forgetOwners(tx, ids);
  },
};

async function forgetOwners(tx: Knex.Transaction, ids: readonly string[]): Promise<void> {
  const owners = [...(await ownersIn(tx, ids)).values()];
  await deleteTerms(tx, owners.flatMap(rowsOf));
  await deleteBy(tx, 'search_owners', 'id', ids);
}

async function ownersIn(db: Knex, ids: readonly string[]): Promise<Map<string, Owner>> {
  const rows: OwnerRow[] = await db('search_owners').whereIn('id', [...ids]);
  return new Map(
    rows.map(({ id, message_id, message_at, terms }) => [
      id,
      { id, messageId: message_id, messageAt: Number(message_at), terms: JSON.parse(terms) as string[] },
    ]),
  );
}

type TermRow = { term: string; message_at: Ms; message_id: string; delivery_id: string };

const rowsOf = ({ id, messageId, messageAt, terms }: Owner): TermRow[] =>
  terms.map((term) => ({
    ...{ term, message_at: messageAt, message_id: messageId },
    delivery_id: id === messageId ? '' : id,
  }));

const KEY = ['term', 'message_at', 'message_id', 'delivery_id'] as const;

async function deleteTerms(tx: Knex.Transaction, rows: readonly TermRow[]): Promise<void> {
  for (const part of chunks(rows, 100))
    await tx('search_terms')
      .whereIn(
        [...KEY],
        part.map((row) => KEY.map((column) => row[column])),
      )
      .delete();
}

/**
 * Gives messages their terms as they are now, and deliveries those that they lack: a delivery keeps the causes that it had.
 * Doing it again changes nothing.
 */
export async function writeTerms(tx: Knex.Transaction, owners: readonly Owner[]): Promise<void> {
  const known = await ownersIn(
    tx,
    owners.map(({ id }) => id),
  );
  const changes = owners.flatMap((owner) => changeOf(owner, known.get(owner.id)));
  await deleteTerms(
    tx,
    changes.flatMap(({ gone }) => gone),
  );
  const fresh = changes.flatMap((one) => one.fresh).sort(inOrder);
  if (fresh.length > 0) await insertNew(tx, 'search_terms', fresh, KEY);
  await putRows(
    tx,
    'search_owners',
    changes.map(({ row }) => row),
    { key: 'id', columns: ['message_id', 'message_at', 'terms'] },
  );
}

/** In the order of their key, so that two daemons do not wait for each other in a circle. */
const inOrder = (a: TermRow, b: TermRow): number => (a.term < b.term ? -1 : a.term > b.term ? 1 : 0);

function changeOf(owner: Owner, known: Owner | undefined): { row: OwnerRow; fresh: TermRow[]; gone: TermRow[] }[] {
  const { id, messageId, messageAt } = owner;
  const isWhole = id === messageId;
  const terms = isWhole ? owner.terms : [...new Set([...(known?.terms ?? []), ...owner.terms])];
  const had = new Set(known?.terms);
  const has = new Set(terms);
  const fresh = rowsOf({ ...owner, terms: terms.filter((term) => !had.has(term)) });
  const gone = known ? rowsOf({ ...known, terms: known.terms.filter((term) => !has.has(term)) }) : [];
  if (known && fresh.length === 0 && gone.length === 0) return [];
  return [{ row: { id, message_id: messageId, message_at: messageAt, terms: JSON.stringify(terms) }, fresh, gone }];
}

type Indexed = Pick<MessageRow, 'id' | 'created_at' | 'subject' | 'tags' | 'class'>;
export const INDEXED = ['id', 'created_at', 'subject', 'tags', 'class'] as const;

export const ownerOf = (message: Indexed): Owner => ({
  ...{ id: message.id, messageId: message.id, messageAt: Number(message.created_at) },
  terms: messageTerms(message),
});

/** Of these messages, those whose subject or tags have changed get other terms, if they have any yet. */
export async function renewTerms(tx: Knex.Transaction, ids: readonly string[]): Promise<void> {
  const known = await ownersIn(tx, ids);
  const rows: Indexed[] = await tx('messages')
    .whereIn('id', [...known.keys()])
    .select(...INDEXED);
  await writeTerms(tx, rows.map(ownerOf));
}

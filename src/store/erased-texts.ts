// Takes a person out of what people read, and of what tells them of mail.
import type { Knex } from 'knex';
import { isNamedIn, likePatternsOf, withoutAddress } from '../core/mention.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';
import { TEXTS, type Texts } from './personal.ts';
import { renewTerms } from './projections/search-terms.ts';

type Row = Record<string, string | number | null>;

/** Up to where it was read: a table, and the last row of it; null for none yet. */
export type Place = { table: number; after: Row | null };
export const START: Place = { table: 0, after: null };

/** The place to go on from, or null at the end; how many rows were read, and how many changed. */
export type Page = { next: Place | null; read: number; changed: number };

/** Rows that are read at a time. Some are as long as a summary. */
const PAGE = 100;

/** Takes the address out of the next page of texts. */
export async function eraseFromTexts(store: Store, address: string, from: Place): Promise<Page> {
  const { texts, rows, read, next } = await textsNaming(store, address, from);
  const changed = texts && rows.length > 0 ? await transact(store, (tx) => clean(tx, texts, rows, address)) : 0;
  return { next, read, changed };
}

/** The rows of the next page in which the address may stand: their keys, and all their texts. */
export async function textsNaming(
  store: Store,
  address: string,
  { table, after }: Place,
): Promise<{ texts: Texts | null; rows: Row[]; read: number; next: Place | null }> {
  const texts = TEXTS[table];
  if (!texts) return { texts: null, rows: [], read: 0, next: null };
  const rows = await page(store, texts, address, after);
  const found = rows.filter((row) => texts.columns.some((column) => row[column] !== null));
  const last = rows.length < PAGE ? null : (rows.at(-1) ?? null);
  return { texts, rows: found, read: rows.length, next: { table: last ? table : table + 1, after: last } };
}

/** The next rows in the order of their key; of those in which the address may stand with their texts. */
function page({ db }: Store, { table, key, columns }: Texts, address: string, after: Row | null): Promise<Row[]> {
  const likes = columns.flatMap((column) => likePatternsOf(address).map((pattern) => [column, pattern]));
  const isNamed = likes.map(() => 'lower(??) like ?').join(' or ');
  const text = (column: string) => db.raw(`case when ${isNamed} then ?? end as ??`, [...likes.flat(), column, column]);
  const rows = db(table)
    .select(...key, ...columns.map(text))
    .orderBy(key.map((column) => ({ column })))
    .limit(PAGE);
  return after ? rows.where((all) => isAfter(all, key, after)) : rows;
}

/** Whether the key of a row comes after another. The first condition is what an index can begin at. */
function isAfter(all: Knex.QueryBuilder, key: readonly string[], last: Row): void {
  const [first = ''] = key;
  all.where(first, '>=', last[first] ?? '').where((any) => {
    for (const [n, column] of key.entries())
      any.orWhere((one) => one.where(keyOf(last, key.slice(0, n))).where(column, '>', last[column] ?? ''));
  });
}

const keyOf = (row: Row, key: readonly string[]): Row =>
  Object.fromEntries(key.map((name) => [name, row[name] ?? null]));

/** Reads the rows anew, as they may have moved on, and writes what of them changes: whatever else stands in them is alive. */
async function clean(
  tx: Knex.Transaction,
  { table, key, columns }: Texts,
  rows: readonly Row[],
  address: string,
): Promise<number> {
  const changed: Row[] = [];
  for (const row of rows) {
    const mine = () => tx(table).where(keyOf(row, key));
    const texts: Row | undefined = await mine()
      .forUpdate()
      .first(...columns);
    const change = changeOf(texts ?? {}, address);
    if (Object.keys(change).length === 0) continue;
    await mine().update(change);
    changed.push(row);
  }
  // A tag may have been the address.
  if (table === 'messages')
    await renewTerms(
      tx,
      changed.map((row) => String(row['id'])),
    );
  return changed.length;
}

/** The columns in which the address stands, without it. */
function changeOf(texts: Row, address: string): Row {
  const change: Row = {};
  for (const [column, text] of Object.entries(texts))
    if (typeof text === 'string' && isNamedIn(text, address)) change[column] = withoutAddress(text, address);
  return change;
}

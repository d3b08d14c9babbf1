// Takes a person out of what people read, and of what tells them of mail.
import type { Knex } from 'knex';
import { likePatternsOf, withoutAddress } from '../core/mention.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';

type Texts = { table: string; key: readonly string[]; columns: readonly string[] };

/** What is made of another stands after it: a text that moves on meanwhile is found where it has come to. */
const TEXTS: readonly Texts[] = [
  { table: 'messages', key: ['id'], columns: ['subject'] },
  { table: 'rollup_pending', key: ['id'], columns: ['body'] },
  { table: 'rollup_examples', key: ['day', 'domain', 'place'], columns: ['reply'] },
  { table: 'alert_items', key: ['item_key'], columns: ['detail'] },
  { table: 'alerts', key: ['id'], columns: ['subject', 'body'] },
  { table: 'summaries', key: ['day'], columns: ['subject', 'body'] },
  { table: 'audit', key: ['id'], columns: ['subject', 'detail'] },
];

type Row = Record<string, string | number | null>;

/** Up to where it was read: a table, and the last row of it; null for none yet. */
export type Place = { table: number; after: Row | null };
export const START: Place = { table: 0, after: null };

/** The place to go on from, or null at the end; how many rows were read, and how many changed. */
export type Page = { next: Place | null; read: number; changed: number };

/** Rows that are read at a time. Some are as long as a summary. */
const PAGE = 100;

/** Takes the address out of the next page of texts. */
export async function eraseFromTexts(store: Store, address: string, { table, after }: Place): Promise<Page> {
  const texts = TEXTS[table];
  if (!texts) return { next: null, read: 0, changed: 0 };
  const rows = await page(store, texts, address, after);
  const found = rows.filter((row) => texts.columns.some((column) => row[column] !== null));
  if (found.length > 0) await transact(store, (tx) => clean(tx, texts, found, address));
  const last = rows.length < PAGE ? null : (rows.at(-1) ?? null);
  return { next: { table: last ? table : table + 1, after: last }, read: rows.length, changed: found.length };
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

async function clean(
  tx: Knex.Transaction,
  { table, key, columns }: Texts,
  rows: readonly Row[],
  address: string,
): Promise<void> {
  for (const row of rows) {
    const cleaned = (text: Row[string] | undefined) =>
      typeof text === 'string' ? withoutAddress(text, address) : null;
    const change = Object.fromEntries(columns.map((column) => [column, cleaned(row[column])]));
    await tx(table).where(keyOf(row, key)).update(change);
  }
}

// Statements that are the same for every table.
import type { Knex } from 'knex';
import { chunks } from './transact.ts';

/**
 * Inserts the rows whose key is not in the table yet, and leaves those that are as they are. MySQL's `INSERT IGNORE`
 * would also turn the errors of strict mode into warnings, and cut or change values that do not fit.
 */
export async function insertNew(
  db: Knex,
  table: string,
  rows: object | readonly object[],
  key: string | readonly string[],
): Promise<void> {
  const keys = typeof key === 'string' ? [key] : [...key];
  const all: readonly object[] = Array.isArray(rows) ? rows : [rows];
  // SQLite takes at most 500 rows in one statement of this form.
  for (const part of chunks(all, 200)) await db(table).insert(part).onConflict(keys).merge(keys.slice(0, 1));
}

/** Deletes the rows whose column has one of these values, however many values there are. */
export async function deleteBy(
  tx: Knex.Transaction,
  table: string,
  column: string,
  values: readonly string[],
): Promise<number> {
  let deleted = 0;
  for (const part of chunks(values, 500)) deleted += await tx(table).whereIn(column, part).delete();
  return deleted;
}

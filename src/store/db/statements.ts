// Statements that are the same for every table.
import type { Knex } from 'knex';
import { chunks } from './transact.ts';

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

import type { Knex } from 'knex';
import { addIndex, dropIndex } from './make-tables.ts';

/** The list is read newest first, also of one cause, however long it is. */
const ADDED = [
  ['created_at', 'address_key'],
  ['cause', 'created_at', 'address_key'],
] as const;

export async function up(db: Knex): Promise<void> {
  for (const columns of ADDED) await addIndex(db, 'suppressions', columns);
}

export async function down(db: Knex): Promise<void> {
  for (const columns of ADDED) await dropIndex(db, 'suppressions', columns);
}

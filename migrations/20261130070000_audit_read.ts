import type { Knex } from 'knex';
import { addIndex, dropIndex } from './make-tables.ts';

/** What was done to one message, and by one person, is read newest first, however long the audit is. */
const ADDED = [
  ['subject', 'at'],
  ['who', 'at'],
] as const;

export async function up(db: Knex): Promise<void> {
  for (const columns of ADDED) await addIndex(db, 'audit', columns);
}

export async function down(db: Knex): Promise<void> {
  for (const columns of ADDED) await dropIndex(db, 'audit', columns);
}

import type { Knex } from 'knex';
import { addIndex, dropIndex } from './make-tables.ts';

/** What is taken out of the inbox is of some sources, and must not cost a walk over what waits of the others. */
export async function up(db: Knex): Promise<void> {
  await addIndex(db, 'inbox', ['pending', 'source', 'due_at']);
}

export async function down(db: Knex): Promise<void> {
  await dropIndex(db, 'inbox', ['pending', 'source', 'due_at']);
}

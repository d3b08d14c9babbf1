import type { Knex } from 'knex';
import { addColumns, addIndex, dropColumns, dropIndex } from './make-tables.ts';

const COLUMNS = ['piece', 'sealed_by'];

export async function up(db: Knex): Promise<void> {
  // The name of the key that a body is sealed with; null for bodies from before keys had names.
  await addColumns(db, 'message_bodies', { sealed_by: (t) => t.string('sealed_by', 16).nullable() });
  await addIndex(db, 'message_bodies', COLUMNS);
}

export async function down(db: Knex): Promise<void> {
  await dropIndex(db, 'message_bodies', COLUMNS);
  await dropColumns(db, 'message_bodies', ['sealed_by']);
}

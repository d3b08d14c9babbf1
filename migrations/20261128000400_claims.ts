import type { Knex } from 'knex';
import { addColumns, dropColumns } from './make-tables.ts';

const TABLES = ['alerts', 'summaries'];

export async function up(db: Knex): Promise<void> {
  // Who sends it at the moment: only under the same lease may it be called sent, or not sent.
  for (const table of TABLES) await addColumns(db, table, { lease: (t) => t.string('lease', 26).nullable() });
}

export async function down(db: Knex): Promise<void> {
  for (const table of TABLES) await dropColumns(db, table, ['lease']);
}

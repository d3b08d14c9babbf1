import type { Knex } from 'knex';
import { addIndex, dropIndex, isMysql } from './make-tables.ts';

/** Mostly nothing stands in these. */
const RARE = ['lease', 'about'] as const;

/**
 * Each index of the inbox costs time for each event. What is taken out of it, and what is pruned, is found by its source
 * too; and on SQLite a row without a value does not have to be in an index.
 */
export async function up(db: Knex): Promise<void> {
  await dropIndex(db, 'inbox', ['pending', 'due_at']);
  if (isMysql(db)) return;
  for (const column of RARE) {
    await dropIndex(db, 'inbox', [column]);
    await db.raw('create index ?? on inbox (??) where ?? is not null', [`inbox_${column}_index`, column, column]);
  }
}

export async function down(db: Knex): Promise<void> {
  await addIndex(db, 'inbox', ['pending', 'due_at']);
  if (isMysql(db)) return;
  for (const column of RARE) {
    await dropIndex(db, 'inbox', [column]);
    await addIndex(db, 'inbox', [column]);
  }
}

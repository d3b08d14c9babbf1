import type { Knex } from 'knex';
import { addColumns, dropColumns, dropTables, isMysql, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // Words, tags, causes and providers by which mail is searched, newest first. `delivery_id` is empty for what is said of the
  // message as a whole.
  search_terms(t) {
    t.string('term', 140).notNullable();
    t.bigInteger('message_at').notNullable();
    t.string('message_id', 26).notNullable();
    t.string('delivery_id', 26).notNullable();
    t.primary(['term', 'message_at', 'message_id', 'delivery_id']);
  },
  // Which of them a message or a delivery has, so that they go with it.
  search_owners(t) {
    t.string('id', 26).primary();
    t.string('message_id', 26).notNullable();
    t.bigInteger('message_at').notNullable();
    t.text('terms').notNullable();
  },
};

export async function up(db: Knex): Promise<void> {
  // A list of texts as JSON; null for none, and for messages from before tags were kept.
  await addColumns(db, 'messages', { tags: (t) => t.text('tags').nullable() });
  await makeTables(db, TABLES);
  if (!isMysql(db)) for (const name of Object.keys(TABLES)) await inOrderOfKey(db, name);
}

export async function down(db: Knex): Promise<void> {
  await dropTables(db, TABLES);
  await dropColumns(db, 'messages', ['tags']);
}

/** SQLite would keep the key a second time beside the rows. The table is new, and empty. */
async function inOrderOfKey(db: Knex, name: string): Promise<void> {
  const row = (await db('sqlite_master').where({ type: 'table', name }).first('sql')) as { sql: string };
  if (/without rowid$/i.test(row.sql)) return;
  await db.schema.dropTable(name);
  await db.raw(`${row.sql} without rowid`);
}

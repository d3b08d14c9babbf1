import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // Calls with an Idempotency-Key, so that the same call makes one message.
  calls(t) {
    t.string('key_hash', 64).primary();
    t.string('fingerprint', 64).notNullable();
    t.string('message_id', 26).notNullable();
    t.string('rfc_message_id', 998).notNullable();
    t.bigInteger('created_at').notNullable().index();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

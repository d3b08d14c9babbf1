import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // How often a mail was asked for again, and when last; by a hash of its message, or of the key of the application's.
  resends(t) {
    t.string('name_hash', 64).primary();
    t.integer('times').notNullable();
    t.bigInteger('asked_at').notNullable().index();
    // Who asked last.
    t.string('claim', 26).nullable();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // Who is logged in at the dashboard, by a hash of what the browser keeps.
  sessions(t) {
    t.string('id_hash', 64).primary();
    t.string('user', 64).notNullable().index();
    // Another password of the user ends the session.
    t.string('password_mark', 64).notNullable();
    t.bigInteger('created_at').notNullable();
    t.bigInteger('seen_at').notNullable().index();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  daemons(t) {
    t.string('id', 26).primary();
    t.string('name', 100).notNullable();
    t.string('roles', 100).notNullable();
    t.bigInteger('started_at').notNullable();
    t.bigInteger('seen_at').notNullable();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

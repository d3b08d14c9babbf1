import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // What is said of a provider by its status page or its own alerts: one row for each incident.
  hints(t) {
    t.string('provider', 191).notNullable();
    t.string('name', 100).notNullable();
    t.string('says', 300).notNullable();
    t.bigInteger('at').notNullable();
    // 0 when it is over.
    t.bigInteger('until').notNullable();
    t.primary(['provider', 'name']);
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

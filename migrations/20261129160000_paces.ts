import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // How much has left of late, where the operator has set a rate: one row for each rate.
  paces(t) {
    t.string('name', 210).primary();
    // Microseconds.
    t.bigInteger('full_at').notNullable();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

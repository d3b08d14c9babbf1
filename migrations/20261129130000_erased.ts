import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // Hashes of the addresses of people who were erased, so that late events do not bring them back.
  erased(t) {
    t.string('address_hash', 64).primary();
    t.bigInteger('at').notNullable();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // How each re-post ended, so that the last of a recipient domain and cause can be read in their order.
  reposts(t) {
    t.string('delivery_id', 26).notNullable();
    t.integer('attempt').notNullable();
    t.string('place', 320).notNullable();
    t.bigInteger('at').notNullable();
    t.string('result', 10).notNullable();
    t.string('sending_ip', 10).notNullable();
    t.primary(['delivery_id', 'attempt']);
    t.index(['place', 'at']);
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

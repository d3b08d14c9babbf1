import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // How much waited at the end of an outage, and how long that was expected to take; by the change that ended it.
  drains(t) {
    t.string('change_id', 26).primary();
    t.bigInteger('made_from').notNullable();
    t.bigInteger('ended_at').notNullable().index();
    t.integer('waiting').notNullable();
    // From the end on; null while nobody knows.
    t.bigInteger('expected').nullable();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

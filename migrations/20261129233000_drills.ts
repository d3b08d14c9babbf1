import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  drills(t) {
    t.string('id', 26).primary();
    // The time of the schedule that it was due at, by which one of several daemons makes it; else its own id.
    t.string('turn', 40).notNullable().unique();
    t.string('fault', 30).notNullable();
    t.string('ground', 20).notNullable();
    t.bigInteger('started_at').notNullable().index();
    t.bigInteger('ended_at').nullable();
    t.integer('passed').nullable();
    // Names of checks, or why it broke off: JSON.
    t.text('failed').notNullable();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

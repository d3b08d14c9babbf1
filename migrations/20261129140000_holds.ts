import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // What an operator keeps from leaving: everything, or that of one class or through one provider.
  holds(t) {
    t.string('id', 26).primary();
    t.string('provider', 191).nullable();
    t.string('class', 10).nullable();
    t.bigInteger('until').nullable();
    t.text('reason').nullable();
    t.string('who', 100).notNullable();
    t.bigInteger('at').notNullable();
    t.bigInteger('released_at').nullable().index();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

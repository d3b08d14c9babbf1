import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // What somebody wants done to much mail at once, and how far it is.
  bulk_runs(t) {
    t.string('id', 26).primary();
    t.string('action', 12).notNullable();
    // The mail, as it was searched for, and as what was understood of it.
    t.text('query').notNullable();
    t.text('filter').notNullable();
    t.string('who', 100).notNullable();
    t.text('reason').nullable();
    t.string('phase', 10).notNullable();
    t.bigInteger('created_at').notNullable().index();
    t.bigInteger('phase_at').notNullable();
    // Where the next batch begins; null at the beginning.
    t.string('place', 128).nullable();
    t.text('counts').notNullable();
    // What the check before it came to.
    t.text('checked').nullable();
    // 1 while there is something to do.
    t.integer('pending').notNullable();
    t.bigInteger('due_at').notNullable();
    t.string('lease', 26).nullable();
    t.index(['pending', 'due_at']);
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

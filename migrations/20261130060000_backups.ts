import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // Backups that were made, or should have been.
  backups(t) {
    t.string('id', 26).primary();
    t.bigInteger('started_at').notNullable().index();
    t.bigInteger('ended_at').notNullable();
    t.integer('is_good').notNullable();
    // What it is called, and its bytes; of one that failed, why.
    t.string('name', 100).nullable();
    t.bigInteger('bytes').nullable();
    t.text('problem').nullable();
  },
  restore_drills(t) {
    t.string('id', 26).primary();
    // The time of the schedule that it was due at, by which one of several daemons makes it; else its own id.
    t.string('turn', 40).notNullable().unique();
    t.bigInteger('started_at').notNullable().index();
    t.bigInteger('ended_at').nullable();
    t.integer('passed').nullable();
    // Which backup it was, of when, and how long the restore alone took.
    t.string('backup', 100).nullable();
    t.bigInteger('backup_at').nullable();
    t.bigInteger('restore_took').nullable();
    // Why it failed: JSON.
    t.text('failed').notNullable();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

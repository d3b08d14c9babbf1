import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // How hand-overs to each provider ended of late, counted by ten seconds.
  signs(t) {
    t.string('provider', 191).notNullable();
    t.bigInteger('bucket').notNullable();
    t.string('kind', 10).notNullable();
    t.integer('n').notNullable();
    t.primary(['provider', 'bucket', 'kind']);
  },
  // How each provider is: one row each, the same for all daemons.
  health(t) {
    t.string('provider', 191).primary();
    t.string('state', 12).notNullable();
    t.bigInteger('since').notNullable();
    t.integer('share').notNullable();
    t.bigInteger('probed_at').notNullable();
    t.bigInteger('well_since').nullable();
    t.integer('probes_failed').notNullable();
  },
  // Every change of it, with what spoke for it.
  health_changes(t) {
    t.string('id', 26).primary();
    t.string('provider', 191).notNullable();
    t.string('before', 12).notNullable();
    t.string('after', 12).notNullable();
    t.integer('share').notNullable();
    t.string('evidence', 500).notNullable();
    t.bigInteger('at').notNullable().index();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

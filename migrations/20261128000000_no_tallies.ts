import type { Knex } from 'knex';
import { makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // Nobody read it, and every change of a delivery wrote one and the same row of it and so waited for all others.
  tallies(t) {
    t.string('day', 10).notNullable();
    t.string('name', 100).notNullable();
    t.bigInteger('n').notNullable();
    t.primary(['day', 'name']);
  },
};

export const up = (db: Knex): Promise<void> => db.schema.dropTableIfExists('tallies');
export const down = (db: Knex): Promise<void> => makeTables(db, TABLES);

import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // What recipient domains did of late with the mail that each provider accepted, counted by some minutes.
  receiver_signs(t) {
    t.string('provider', 191).notNullable();
    t.bigInteger('bucket').notNullable();
    t.string('receiver', 253).notNullable();
    t.string('class', 10).notNullable();
    t.integer('arrived').notNullable();
    t.integer('put_off').notNullable();
    t.primary(['provider', 'bucket', 'receiver', 'class']);
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

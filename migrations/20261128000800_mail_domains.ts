import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // At which recipient domains mail arrived, and when last, to within an hour.
  mail_domains(t) {
    t.string('domain', 253).notNullable().primary();
    t.bigInteger('arrived_at').notNullable().index();
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

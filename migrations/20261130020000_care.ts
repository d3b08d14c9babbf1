import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // How each DNS record, and each address at each blocklist, stood when it was looked at last.
  care(t) {
    t.string('id', 64).primary();
    t.string('kind', 10).notNullable();
    t.string('name', 600).notNullable();
    t.string('state', 10).notNullable();
    // What was known for sure last, and since when: a look that tells nothing changes neither.
    t.string('known', 4).nullable();
    t.bigInteger('since').nullable();
    // When it was last known to be well.
    t.bigInteger('well_at').nullable();
    // Whether the administrators were told that it is ill.
    t.integer('told').notNullable();
    t.bigInteger('looked_at').notNullable().index();
    t.text('body', 'longtext').notNullable();
    t.index(['kind', 'looked_at']);
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // What became of the mail of a day (UTC) that left from an IP address, by who runs the mailbox.
  sending_ips(t) {
    t.bigInteger('day').notNullable();
    t.string('provider', 191).notNullable();
    // Empty for all those that are too many to be counted one by one.
    t.string('ip', 45).notNullable();
    t.string('mailbox', 16).notNullable();
    t.integer('arrived').notNullable();
    t.integer('failed').notNullable();
    t.integer('put_off').notNullable();
    // Of those that failed or were put off: for the address, and with words that name it.
    t.integer('blocked').notNullable();
    t.integer('named').notNullable();
    t.integer('complained').notNullable();
    t.primary(['day', 'provider', 'ip', 'mailbox']);
  },
};

export const up = (db: Knex): Promise<void> => makeTables(db, TABLES);
export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

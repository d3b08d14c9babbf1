import type { Knex } from 'knex';
import { addIndex, dropIndex, dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // Sums by time of asking. The key starts with what a report asks for, so that it reads nothing else.
  rollups(t) {
    t.integer('span').notNullable();
    t.string('what', 16).notNullable();
    t.bigInteger('bucket').notNullable();
    t.string('domain', 253).notNullable();
    t.string('class', 10).notNullable();
    t.string('value', 320).notNullable();
    t.bigInteger('n').notNullable();
    t.bigInteger('ms').notNullable();
    t.primary(['span', 'what', 'bucket', 'domain', 'class', 'value']);
  },
  // Changes that are not in the sums yet: adding a row of its own, no writer waits for another.
  rollup_pending(t) {
    t.string('id', 26).primary();
    t.text('body', 'longtext').notNullable();
  },
  // What a receiving server said, once a day for each domain, recipient domain and cause; without addresses.
  rollup_examples(t) {
    t.bigInteger('day').notNullable();
    t.string('domain', 253).notNullable();
    t.string('place', 320).notNullable();
    t.text('reply').notNullable();
    t.primary(['day', 'domain', 'place']);
  },
  // The daily report as it was written, stored before it is sent: one row a day, whoever wrote it.
  reports(t) {
    t.string('day', 10).primary();
    t.string('subject', 255).notNullable();
    t.text('body', 'longtext').notNullable();
    t.bigInteger('created_at').notNullable();
    t.integer('pending').notNullable();
    t.bigInteger('due_at').notNullable();
    t.integer('tries').notNullable();
    t.bigInteger('sent_at').nullable();
    t.text('told').notNullable();
    t.text('error').nullable();
    t.index(['pending', 'due_at']);
  },
};

export async function up(db: Knex): Promise<void> {
  await makeTables(db, TABLES);
  await addIndex(db, 'alerts', ['created_at']);
}

export async function down(db: Knex): Promise<void> {
  await dropIndex(db, 'alerts', ['created_at']);
  await dropTables(db, TABLES);
}

import type { Knex } from 'knex';
import { addColumns, dropColumns, dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // What happened to mail, counted by the five minutes and by the hour in which it became known. Recipient domains that are
  // too many to be counted each stand together under an empty name.
  mail_signs(t) {
    t.integer('span').notNullable();
    t.bigInteger('bucket').notNullable();
    t.string('domain', 253).notNullable();
    t.string('class', 10).notNullable();
    t.string('receiver', 253).notNullable();
    for (const sign of ['arrived', 'lost', 'bounced', 'deferred', 'complained', 'heard', 'found'])
      t.bigInteger(sign).notNullable();
    t.primary(['span', 'bucket', 'domain', 'class', 'receiver']);
  },
  // How much mail of each class, tag and template was asked for, by the quarter of an hour.
  sent_counts(t) {
    t.bigInteger('bucket').notNullable();
    t.string('domain', 253).notNullable();
    t.string('kind', 10).notNullable();
    t.string('name', 191).notNullable();
    t.bigInteger('n').notNullable();
    t.primary(['bucket', 'domain', 'kind', 'name']);
  },
  // Thresholds that are passed, or were and are not well again for long enough.
  threshold_states(t) {
    t.string('rule', 40).notNullable();
    t.string('domain', 253).notNullable();
    t.string('class', 10).notNullable();
    t.string('about', 253).notNullable();
    t.string('measure', 12).notNullable();
    t.bigInteger('beyond_since').nullable();
    t.bigInteger('rang_at').nullable();
    t.bigInteger('well_since').nullable();
    t.bigInteger('looked_at').notNullable();
    // The worst that was seen: JSON.
    t.text('worst').notNullable();
    // Another one with each change, by which two processes do not make the same one.
    t.string('token', 26).notNullable();
    t.primary(['rule', 'domain', 'class', 'about']);
  },
};

export async function up(db: Knex): Promise<void> {
  await addColumns(db, 'messages', { template: (t) => t.string('template', 191).nullable() });
  await makeTables(db, TABLES);
}

export async function down(db: Knex): Promise<void> {
  await dropTables(db, TABLES);
  await dropColumns(db, 'messages', ['template']);
}

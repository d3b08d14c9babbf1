import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  messages(t) {
    t.string('id', 26).primary();
    // sha256 of domain and Message-Id: an index on the id itself would be too long for MySQL.
    t.string('record_key', 64).notNullable().unique();
    t.string('message_id', 998).notNullable();
    t.string('domain', 253).notNullable();
    t.string('sender', 998).notNullable();
    t.text('subject').nullable();
    t.string('class', 10).notNullable();
    t.string('message_key', 191).nullable().index();
    t.string('origin', 10).notNullable();
    t.text('policy').notNullable();
    t.bigInteger('created_at').notNullable().index();
  },
  message_bodies(t) {
    t.string('message_id', 26).notNullable();
    t.integer('piece').notNullable();
    t.specificType('body', 'longblob').notNullable();
    t.primary(['message_id', 'piece']);
  },
  deliveries(t) {
    t.string('id', 26).primary();
    t.string('message_id', 26).notNullable();
    t.string('recipient', 320).notNullable();
    t.string('recipient_key', 320).notNullable();
    t.string('domain', 253).notNullable();
    t.string('class', 10).notNullable();
    t.string('state', 12).notNullable();
    t.string('reason', 64).nullable();
    t.integer('attempt').notNullable();
    t.string('provider', 191).nullable();
    t.bigInteger('next_at').nullable();
    t.bigInteger('created_at').notNullable().index();
    t.bigInteger('updated_at').notNullable();
    t.bigInteger('ended_at').nullable();
    t.unique(['message_id', 'recipient_key']);
    t.index(['recipient_key', 'created_at']);
    t.index(['state', 'created_at']);
  },
  facts(t) {
    t.string('delivery_id', 26).notNullable();
    t.string('fact_key', 100).notNullable();
    t.string('kind', 12).notNullable();
    t.bigInteger('at').notNullable();
    t.bigInteger('recorded_at').notNullable();
    t.text('body', 'longtext').notNullable();
    t.primary(['delivery_id', 'fact_key']);
  },
  // What is due, apart from the deliveries: its size is the backlog and not the history.
  due(t) {
    t.string('delivery_id', 26).primary();
    t.integer('priority').notNullable();
    t.bigInteger('at').notNullable();
    t.string('lease', 26).nullable().index();
    t.index(['priority', 'at']);
  },
  // Under which ids a provider may speak of a message: reply ids and storage keys, hashed.
  handles(t) {
    t.string('hash', 64).notNullable();
    t.string('message_id', 26).notNullable().index();
    t.primary(['hash', 'message_id']);
  },
  inbox(t) {
    t.string('id', 26).primary();
    t.string('source', 8).notNullable();
    t.string('replay_key', 64).notNullable().unique();
    t.string('event_key', 64).nullable().index();
    t.bigInteger('received_at').notNullable();
    t.string('content_type', 255).nullable();
    t.text('body', 'longtext').notNullable();
    t.integer('pending').notNullable();
    t.bigInteger('due_at').notNullable();
    t.integer('tries').notNullable();
    t.string('outcome', 10).notNullable();
    t.text('error').nullable();
    t.string('lease', 26).nullable().index();
    t.index(['pending', 'due_at']);
    t.index(['source', 'received_at']);
  },
  suppressions(t) {
    t.string('address_key', 320).primary();
    t.string('cause', 32).notNullable();
    t.text('reply').nullable();
    t.string('delivery_id', 26).nullable();
    t.bigInteger('created_at').notNullable();
  },
  domains(t) {
    t.string('domain', 253).primary();
    t.string('schedule', 10).notNullable();
    t.text('schedule_why').nullable();
    t.bigInteger('schedule_at').nullable();
    t.bigInteger('retention').nullable();
    t.bigInteger('retention_at').nullable();
  },
  alert_items(t) {
    t.string('item_key', 100).primary();
    t.string('incident', 191).notNullable();
    t.string('kind', 20).notNullable();
    t.string('delivery_id', 26).nullable();
    t.bigInteger('at').notNullable();
    t.text('detail').nullable();
    t.string('alert_id', 26).nullable();
    t.index(['alert_id', 'at']);
    t.index(['incident', 'at']);
  },
  alerts(t) {
    t.string('id', 26).primary();
    t.string('incident', 191).notNullable();
    t.integer('count').notNullable();
    t.string('subject', 255).notNullable();
    t.text('body', 'longtext').notNullable();
    t.text('avoid').notNullable();
    t.bigInteger('created_at').notNullable();
    t.integer('pending').notNullable();
    t.bigInteger('due_at').notNullable();
    t.integer('tries').notNullable();
    t.bigInteger('sent_at').nullable();
    t.text('error').nullable();
    t.index(['pending', 'due_at']);
    t.index(['incident', 'created_at']);
  },
  cursors(t) {
    t.string('name', 191).primary();
    t.text('value').notNullable();
    t.bigInteger('at').notNullable();
  },
  tallies(t) {
    t.string('day', 10).notNullable();
    t.string('name', 100).notNullable();
    t.bigInteger('n').notNullable();
    t.primary(['day', 'name']);
  },
  audit(t) {
    t.string('id', 26).primary();
    t.bigInteger('at').notNullable();
    t.string('who', 100).notNullable();
    t.string('what', 40).notNullable();
    t.string('subject', 320).nullable();
    t.text('detail').nullable();
    t.index(['what', 'at']);
  },
};

export async function up(db: Knex): Promise<void> {
  await makeTables(db, TABLES);
}

export async function down(db: Knex): Promise<void> {
  await dropTables(db, TABLES);
}

import type { Knex } from 'knex';
import { addColumns, addIndex, dropColumns, dropIndex, dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // One row for each conversation with the administrators.
  incidents(t) {
    t.string('id', 26).primary();
    t.string('name', 191).notNullable();
    // The name while it is open, so that there is one of a name; null when it has ended.
    t.string('open_name', 191).nullable().unique();
    t.string('kind', 40).notNullable();
    t.string('class', 10).nullable();
    t.string('severity', 10).notNullable();
    t.bigInteger('first_at').notNullable();
    t.bigInteger('started_at').notNullable();
    t.bigInteger('opened_at').notNullable();
    t.bigInteger('last_item_at').notNullable();
    t.integer('items').notNullable();
    t.integer('told').notNullable();
    t.bigInteger('told_at').notNullable();
    t.integer('rung').notNullable();
    t.bigInteger('acknowledged_at').nullable();
    t.string('acknowledged_by', 100).nullable();
    t.integer('acknowledged_items').notNullable();
    t.bigInteger('over_at').nullable();
    t.bigInteger('ended_at').nullable().index();
    t.integer('flaps').notNullable();
    // The ways that told of it: JSON.
    t.text('heard').notNullable();
    t.index(['name', 'ended_at']);
  },
};

const COLUMNS = ['conversation', 'turn', 'about', 'heard'] as const;

/** A daemon of an earlier version makes alerts without these columns, and sends those with them as any other. */
export async function up(db: Knex): Promise<void> {
  await makeTables(db, TABLES);
  await addColumns(db, 'alerts', {
    conversation: (t) => t.string('conversation', 26).nullable(),
    turn: (t) => t.string('turn', 12).nullable(),
    // How urgent, since when, and to whom it is told: JSON.
    about: (t) => t.text('about').nullable(),
    // The ways that took it: JSON.
    heard: (t) => t.text('heard').nullable(),
  });
  await addColumns(db, 'alert_items', { class: (t) => t.string('class', 10).nullable() });
  await addIndex(db, 'alerts', ['conversation', 'created_at']);
  // What is not told yet is counted each few seconds, by this index alone.
  await addIndex(db, 'alert_items', ['alert_id', 'incident', 'class', 'at']);
}

export async function down(db: Knex): Promise<void> {
  await dropIndex(db, 'alert_items', ['alert_id', 'incident', 'class', 'at']);
  await dropIndex(db, 'alerts', ['conversation', 'created_at']);
  await dropColumns(db, 'alert_items', ['class']);
  await dropColumns(db, 'alerts', COLUMNS);
  await dropTables(db, TABLES);
}

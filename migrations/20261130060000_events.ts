import type { Knex } from 'knex';
import { dropTables, isMysql, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // Where events are posted to. Of the URL, which may have a secret in it, there is only a hash.
  event_endpoints(t) {
    t.string('id', 16).primary();
    t.integer('place').notNullable();
    t.string('host', 300).notNullable();
    t.text('kinds').notNullable();
    t.bigInteger('added_at').notNullable();
    // Since when it is no longer in the settings.
    t.bigInteger('gone_at').nullable();
    t.bigInteger('enabled_at').notNullable();
    t.bigInteger('disabled_at').nullable();
    t.string('disabled_why', 500).nullable();
    t.bigInteger('failing_since').nullable();
    t.bigInteger('succeeded_at').nullable();
    // Until then it is left alone.
    t.bigInteger('wait_until').notNullable();
    t.index(['gone_at', 'place']);
  },
  // What has become of deliveries, for those who want to be told.
  events(t) {
    t.string('delivery_id', 26).notNullable();
    t.integer('number').notNullable();
    t.string('kind', 20).notNullable();
    t.bigInteger('at').notNullable();
    t.string('class', 20).notNullable();
    t.string('state', 20).notNullable();
    t.string('reason', 191).nullable();
    t.integer('attempt').notNullable();
    t.string('provider', 191).nullable();
    t.primary(['delivery_id', 'number']);
    t.index(['at', 'delivery_id', 'number']);
  },
  // What each endpoint is to be told, and what came of it. Without `due_at` it is over: done, or given up.
  event_posts(t) {
    t.string('delivery_id', 26).notNullable();
    t.integer('number').notNullable();
    t.string('endpoint', 16).notNullable();
    t.bigInteger('since').notNullable();
    t.bigInteger('due_at').nullable();
    t.string('lease', 26).nullable();
    t.integer('tries').notNullable();
    t.bigInteger('tried_at').nullable();
    t.integer('took').nullable();
    t.integer('status').nullable();
    t.string('detail', 500).nullable();
    t.bigInteger('done_at').nullable();
    t.primary(['delivery_id', 'number', 'endpoint']);
    t.index(['endpoint', 'due_at']);
    t.index(['endpoint', 'tried_at']);
  },
};

export async function up(db: Knex): Promise<void> {
  await makeTables(db, TABLES);
  // The kind of the alert about endpoints is longer than those before. It stays wide: a row may have it.
  if (isMysql(db)) await db.raw('alter table alert_items modify kind varchar(40) not null');
}

export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

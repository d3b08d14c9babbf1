import type { Knex } from 'knex';
import { addIndex, dropColumns, dropIndex, dropTables, isMysql, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // What came as a webhook and was refused, by the hour.
  webhook_refusals(t) {
    t.bigInteger('hour').notNullable();
    t.string('provider', 191).notNullable();
    t.string('reason', 191).notNullable();
    t.bigInteger('n').notNullable();
    t.primary(['hour', 'provider', 'reason']);
  },
};

const ASIDE =
  "alter table inbox add column aside_at bigint generated always as (case when outcome = 'set_aside' then due_at end) virtual";

/**
 * The few events that could not be understood are found without a walk over those that were. The column takes no room, and
 * on SQLite neither does what is not set aside.
 */
export async function up(db: Knex): Promise<void> {
  await makeTables(db, TABLES);
  if (!(await hasAside(db))) await db.raw(ASIDE);
  if (isMysql(db)) await addIndex(db, 'inbox', ['aside_at']);
  else await db.raw('create index if not exists inbox_aside_at_index on inbox (aside_at) where aside_at is not null');
}

/** A column like this is left out where SQLite lists the others. */
const hasAside = async (db: Knex): Promise<boolean> =>
  db('inbox')
    .limit(0)
    .select('aside_at')
    .then(
      () => true,
      () => false,
    );

export async function down(db: Knex): Promise<void> {
  await dropIndex(db, 'inbox', ['aside_at']);
  if (isMysql(db)) await dropColumns(db, 'inbox', ['aside_at']);
  else if (await hasAside(db)) await db.raw('alter table inbox drop column aside_at');
  await dropTables(db, TABLES);
}

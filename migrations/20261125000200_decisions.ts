import type { Knex } from 'knex';
import { dropTables, makeTables, type Tables } from './make-tables.ts';

const TABLES: Tables = {
  // What only the owner of a sending domain can mend, and when it was last reported.
  sender_faults(t) {
    t.string('domain', 253).notNullable();
    t.string('cause', 32).notNullable();
    t.bigInteger('reported_at').notNullable();
    t.string('delivery_id', 26).notNullable();
    t.primary(['domain', 'cause']);
  },
  // Which facts hold a reply that no rule knows: apart from the facts, which are many and hold few of them.
  unclear(t) {
    t.string('delivery_id', 26).notNullable();
    t.string('fact_key', 100).notNullable();
    t.bigInteger('at').notNullable().index();
    t.primary(['delivery_id', 'fact_key']);
  },
};

/** Unclear replies from before there was a table of them. */
const FILL = `insert into unclear (delivery_id, fact_key, at)
  select delivery_id, fact_key, at from facts
  where kind = 'reported' and body like '%"cause":"undetermined"%' and not exists
    (select 1 from unclear u where u.delivery_id = facts.delivery_id and u.fact_key = facts.fact_key)`;

export async function up(db: Knex): Promise<void> {
  await makeTables(db, TABLES);
  await db.raw(FILL);
}

export const down = (db: Knex): Promise<void> => dropTables(db, TABLES);

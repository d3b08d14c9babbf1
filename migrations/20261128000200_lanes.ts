import type { Knex } from 'knex';
import { addColumns, addIndex, dropColumns, dropIndex } from './make-tables.ts';

export async function up(db: Knex): Promise<void> {
  // Who told it, and a hash of whom it is about, as long as nobody has looked at it.
  await addColumns(db, 'inbox', {
    provider: (t) => t.string('provider', 191).notNullable().defaultTo('mailgun'),
    about: (t) => t.string('about', 64).nullable(),
  });
  await addIndex(db, 'inbox', ['about']);
  // Events that wait were kept without it: they may be about anybody.
  await db('inbox').where({ pending: 1 }).whereNot({ source: 'told' }).update({ about: '?' });
  // By which provider it waits to leave, and when the provider is to be asked about it.
  await addColumns(db, 'due', {
    lane: (t) => t.string('lane', 191).notNullable().defaultTo(''),
    ask_at: (t) => t.bigInteger('ask_at').nullable(),
    ask_unsuppress: (t) => t.integer('ask_unsuppress').notNullable().defaultTo(0),
    ask_lease: (t) => t.string('ask_lease', 26).nullable(),
  });
  await addIndex(db, 'due', ['lane', 'priority', 'at']);
  await addIndex(db, 'due', ['priority', 'ask_at']);
  await addIndex(db, 'due', ['ask_lease']);
}

export async function down(db: Knex): Promise<void> {
  for (const columns of [['lane', 'priority', 'at'], ['priority', 'ask_at'], ['ask_lease']])
    await dropIndex(db, 'due', columns);
  await dropColumns(db, 'due', ['lane', 'ask_at', 'ask_unsuppress', 'ask_lease']);
  await dropIndex(db, 'inbox', ['about']);
  await dropColumns(db, 'inbox', ['provider', 'about']);
}

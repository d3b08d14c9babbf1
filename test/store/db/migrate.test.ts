import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import { migrate, pendingMigrations } from '../../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { searchMessages } from '../../../src/store/messages/search.ts';
import { child } from '../../support/child.ts';
import { seed } from '../../support/factory.ts';
import { eachDatabase } from '../../support/stores.ts';

const FOLDER = new URL('../../../migrations/', import.meta.url);
const ALL = readdirSync(FOLDER)
  .flatMap((file) => /^(\d{14}_\w+)\.ts$/.exec(file)?.[1] ?? [])
  .sort();

eachDatabase('the migrations that are pending are named until they have run', async (t, url) => {
  const store = openStore(url);
  t.after(store.close);
  assert.deepEqual(await pendingMigrations(store.db), ALL);
  assert.deepEqual(await migrate(store.db), ALL);
  assert.deepEqual(await pendingMigrations(store.db), []);
  assert.deepEqual(await migrate(store.db), []);
});

eachDatabase('every migration can be taken back, and every step of it can be repeated', async (t, url) => {
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  const made = await tables(store);
  const all = await Promise.all(
    ALL.map(async (name) => (await import(new URL(`${name}.ts`, FOLDER).href)) as Knex.Migration),
  );
  for (const { up } of all) await up(store.db);
  assert.deepEqual(await tables(store), made);
  for (const { down } of [...all].reverse()) await down?.(store.db);
  assert.deepEqual(await tables(store), {});
  for (const { up } of all) await up(store.db);
  assert.deepEqual(await tables(store), made);
});

eachDatabase('deliveries from before there was a search by index are found by it', async (t, url) => {
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  const search = (await import(new URL('20261128000400_search.ts', FOLDER).href)) as Knex.Migration;
  for (const name of ['a', 'b']) await seed(store, { messageId: name, recipients: ['ann@x.test', 'bob@x.test'] });
  await search.down?.(store.db);
  await search.up(store.db);
  const { found } = await searchMessages(store, { state: 'accepted', recipient: 'bob@x.test', limit: 10 });
  assert.deepEqual(
    found.map((f) => f.message.message_id),
    ['b', 'a'],
  );
});

/** The columns and indexes of our tables as the database names them. */
async function tables(store: Store): Promise<Record<string, string[]>> {
  const rows = await (store.kind === 'sqlite' ? sqliteParts(store) : mysqlParts(store));
  const names = [...new Set(rows.map((r) => r.name))].filter((name) => !/^(?:knex|sqlite)_/.test(name));
  return Object.fromEntries(names.map((name) => [name, rows.filter((r) => r.name === name).map((r) => r.part)]));
}

type Part = { name: string; part: string };

async function sqliteParts(store: Store): Promise<Part[]> {
  return (await store.db.raw(
    `select m.name as name, c.name || ' ' || c.type as part from sqlite_master m join pragma_table_info(m.name) c
       where m.type = 'table' union all
     select tbl_name, name from sqlite_master where type = 'index' order by 1, 2`,
  )) as Part[];
}

async function mysqlParts(store: Store): Promise<Part[]> {
  const [rows] = (await store.db.raw(
    `select table_name as name, concat(column_name, ' ', column_type) as part from information_schema.columns
       where table_schema = database() union all
     select distinct table_name, index_name from information_schema.statistics where table_schema = database()
       order by 1, 2`,
  )) as [Part[]];
  return rows;
}

eachDatabase('four processes that migrate at once run each migration once', async (t, url) => {
  const ran = await Promise.all([1, 2, 3, 4].map(() => child('migrate-child.ts', url)));
  assert.deepEqual(ran.flat(), ALL);
  const store = openStore(url);
  t.after(store.close);
  assert.deepEqual(await pendingMigrations(store.db), []);
  await store.db('deliveries').first();
});

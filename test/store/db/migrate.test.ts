import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import * as summaries from '../../../migrations/20261128000300_summaries.ts';
import * as byRecipient from '../../../migrations/20261129150000_search_recipient.ts';
import * as lean from '../../../migrations/20261129150100_lean_sums.ts';
import { databaseProblems } from '../../../src/store/db/health.ts';
import { MigrationUnderWay, migrate, pendingMigrations, unlock } from '../../../src/store/db/migrate.ts';
import { LIMITS } from '../../../src/store/db/mysql.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { searchMessages } from '../../../src/store/messages/search.ts';
import { child, migrates } from '../../support/child.ts';
import { seed } from '../../support/factory.ts';
import { eachDatabase, freshDatabase, onMariaDb } from '../../support/stores.ts';

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

eachDatabase('a database that a newer version has migrated is used by this one', async (t, url) => {
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  await store.db('knex_migrations').insert({ name: '29991231000000_newer', batch: 99, migration_time: new Date() });
  assert.deepEqual(await pendingMigrations(store.db), []);
  assert.deepEqual(await migrate(store.db), []);
  assert.deepEqual(await databaseProblems(store), []);
});

eachDatabase('every migration can be taken back, and every step of it can be repeated', async (t, url) => {
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  const made = await tables(store);
  const all = await Promise.all(
    ALL.map(async (name) => (await import(new URL(`${name}.ts`, FOLDER).href)) as Knex.Migration),
  );
  for (const { down } of [...all].reverse()) await twice(store.db, down);
  assert.deepEqual(await tables(store), {});
  for (const { up } of all) await twice(store.db, up);
  assert.deepEqual(await tables(store), made);
});

async function twice(db: Knex, step: Knex.Migration['up'] | undefined): Promise<void> {
  await step?.(db);
  await step?.(db);
}

eachDatabase('deliveries from before there was a search by index are found by it', async (t, url) => {
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  const search = (await import(new URL('20261128000500_search.ts', FOLDER).href)) as Knex.Migration;
  await byRecipient.down(store.db);
  for (const name of ['a', 'b']) await seed(store, { messageId: name, recipients: ['ann@x.test', 'bob@x.test'] });
  await search.down?.(store.db);
  await search.up(store.db);
  const { found } = await searchMessages(store, { state: 'accepted', recipient: 'bob@x.test', limit: 10 });
  assert.deepEqual(
    found.map((f) => f.message.message_id),
    ['b', 'a'],
  );
});

eachDatabase('the sums of an older database stay as they are', async (t, url) => {
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  await lean.down(store.db);
  const sum = { span: 1, what: 'state', domain: 'mg.example.com', class: 'notice', value: 'delivered', n: 3, ms: 4 };
  const sums = [2, 1].map((bucket) => ({ ...sum, bucket }));
  await store.db('rollups').insert(sums);
  await lean.up(store.db);
  const kept = await store.db('rollups').orderBy('bucket', 'desc');
  assert.deepEqual(
    kept.map((row) => ({ ...row })),
    sums,
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

onMariaDb('who migrates is waited for, and named when it takes too long', async ({ store, open }) => {
  const [[lock]] = (await store.db.raw("select get_lock(concat('homing migrate ', md5(database())), 0) as taken")) as [
    [{ taken: number }],
  ];
  assert.equal(lock.taken, 1);
  await assert.rejects(migrate(open().db, 0), MigrationUnderWay);
});

eachDatabase('the lock of a migration that was killed can be taken away by hand', async (t, url) => {
  const { db, close } = openStore(url);
  t.after(close);
  await migrate(db);
  await db('knex_migrations_lock').update({ is_locked: 1 });
  await unlock(db);
  assert.deepEqual(await db('knex_migrations_lock').pluck('is_locked'), [0]);
});

onMariaDb('a first migration that is killed again and again leaves every table and key', async ({ t, store }) => {
  const wanted = await tables(store);
  const url = await freshDatabase(t, 'mysql');
  let kills = 0;
  for (let statement = 4; !(await migrates(url, statement)); statement += 5) kills++;
  assert.ok(kills > 5, `it was killed ${kills} times`);
  const other = openStore(url);
  t.after(other.close);
  assert.deepEqual(await tables(other), wanted);
});

onMariaDb(
  'who loses the connection while waiting for others to migrate is told, and can go on',
  async ({ store, url }) => {
    const [[lock]] = (await store.db.raw(
      "select get_lock(concat('homing migrate ', md5(database())), 0) as taken",
    )) as [[{ taken: number }]];
    assert.equal(lock.taken, 1);
    const other = openStore(url);
    // Caught at once: it may be over before anybody asks.
    const outcome = migrate(other.db).then(
      () => 'migrated',
      (error: Error) => error.message,
    );
    const isWaiting = async (): Promise<number | undefined> => {
      const [rows] = (await store.db.raw(
        "select id from information_schema.processlist where info like '%get_lock%' and id <> connection_id()",
      )) as [{ id: number }[]];
      return rows[0]?.id;
    };
    let id = await isWaiting();
    while (id === undefined) id = await isWaiting();
    await store.db.raw(`kill ${id}`);
    assert.match(await outcome, /get_lock/);
    await other.close();
  },
);

const SUMMARIES = '20261128000300_summaries';
const SUMMARY = {
  day: '2026-11-21',
  subject: 's',
  body: '{}',
  created_at: 1,
  pending: 1,
  due_at: 2,
  tries: 3,
  told: '[]',
};

/** A database as it was before that migration, with something in each of the places that it renames. */
async function beforeSummaries(db: Knex): Promise<void> {
  await migrate(db);
  await summaries.down(db);
  await db('knex_migrations').where({ name: SUMMARIES }).delete();
  await db('reports').insert({ ...SUMMARY, sent_at: null, error: null });
  await db('cursors').insert({ name: 'reports_written', value: '', at: 7 });
  const item = { incident: 'schedule_switched', kind: 'schedule_switched', delivery_id: null, at: 1, detail: null };
  await db('alert_items').insert({ ...item, item_key: 'for the summary', alert_id: 'report' });
}

async function assertRenamed(db: Knex): Promise<void> {
  assert.equal(await db.schema.hasTable('reports'), false);
  assert.deepEqual(await db('summaries'), [{ ...SUMMARY, sent_at: null, error: null, lease: null }]);
  assert.deepEqual(await db('cursors').where('name', 'like', '%written').select('name', 'at'), [
    { name: 'summaries_written', at: 7 },
  ]);
  assert.equal((await db('alert_items').first('alert_id'))?.alert_id, 'summary');
  await db.schema.alterTable('summaries', (t) => t.dropIndex(['pending', 'due_at']));
}

eachDatabase('what was written for the administrators is kept when its table gets another name', async (t, url) => {
  const { db, close } = openStore(url);
  t.after(close);
  await beforeSummaries(db);
  assert.deepEqual(await migrate(db), [SUMMARIES]);
  await assertRenamed(db);
});

eachDatabase('a renaming that is killed before any of its statements is finished by the next start', async (t, url) => {
  // As "homing migrate" does it: on a busy machine such a statement may take longer than any other may.
  const { db, close } = openStore(url, { limits: { ...LIMITS, query: null } });
  t.after(close);
  await beforeSummaries(db);
  let left = 0;
  const dies = ({ sql }: { sql: string }) => {
    if (!/^(?:begin|commit|rollback)/i.test(sql) && left-- === 0) throw new Error('killed');
  };
  db.on('query', dies);
  let killed = 0;
  for (let finished = false; !finished; killed++) {
    left = killed;
    finished = await db.transaction(summaries.up).then(
      () => true,
      (error: Error) => {
        if (error.message !== 'killed') throw error;
        return false;
      },
    );
  }
  db.off('query', dies);
  assert.ok(killed > 5);
  assert.deepEqual(await migrate(db), [SUMMARIES]);
  await assertRenamed(db);
});

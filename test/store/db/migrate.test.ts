import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import * as summaries from '../../../migrations/20261128000300_summaries.ts';
import { migrate, pendingMigrations } from '../../../src/store/db/migrate.ts';
import { openStore } from '../../../src/store/db/open.ts';
import { child } from '../../support/child.ts';
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

eachDatabase('four processes that migrate at once run each migration once', async (t, url) => {
  const ran = await Promise.all([1, 2, 3, 4].map(() => child('migrate-child.ts', url)));
  assert.deepEqual(ran.flat(), ALL);
  const store = openStore(url);
  t.after(store.close);
  assert.deepEqual(await pendingMigrations(store.db), []);
  await store.db('deliveries').first();
});

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
  assert.deepEqual(await db('summaries'), [{ ...SUMMARY, sent_at: null, error: null }]);
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
  const { db, close } = openStore(url);
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

import assert from 'node:assert/strict';
import { migrate, pendingMigrations } from '../../src/store/migrate.ts';
import { openStore } from '../../src/store/open.ts';
import { child } from '../support/child.ts';
import { eachDatabase } from '../support/stores.ts';

const ALL = ['20261125000000_core', '20261125000100_rollups', '20261125000200_decisions'];

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

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
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

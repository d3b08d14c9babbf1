import assert from 'node:assert/strict';
import { test } from 'node:test';
import { campaign } from '../../src/lab/campaign/campaign.ts';
import { createWorld } from '../../src/lab/campaign/world.ts';
import { withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';
import { freshDatabase } from '../support/stores.ts';

const WEATHER = { seed: 20261125, between: [30, 80] as [number, number], kills: 5, patience: 400_000 };

test('a daemon on SQLite, killed at random moments, loses nothing and sends nothing twice unsaid', async (t) => {
  const { problems, kills, recorded, seconds } = await campaign({ ...WEATHER, messages: 200, daemons: 1 });
  t.diagnostic(`${kills} kills, ${seconds} s`);
  assert.deepEqual(problems, []);
  assert.equal(recorded.length, 200);
  assert.ok(kills >= 5, `only ${kills} kills`);
});

test('two daemons on one MariaDB, both killed at random moments, lose nothing and send nothing twice unsaid', {
  skip: withoutMariaDb() ?? false,
}, async (t) => {
  const database = await freshDatabase(t, 'mysql');
  const store = openStore(database);
  await migrate(store.db);
  await store.close();
  const { problems, kills, recorded, seconds } = await campaign({ ...WEATHER, messages: 200, daemons: 2, database });
  t.diagnostic(`${kills} kills, ${seconds} s`);
  assert.deepEqual(problems, []);
  assert.equal(recorded.length, 200);
  assert.ok(kills >= 5, `only ${kills} kills`);
});

test('a start that was killed in the middle of its migrations does not stand in the way of the next', async (t) => {
  const world = await createWorld();
  t.after(world.close);
  const store = openStore(world.database);
  await store.db.raw('create table knex_migrations_lock (`index` integer not null primary key, is_locked integer)');
  await store.db('knex_migrations_lock').insert({ index: 1, is_locked: 1 });
  await store.close();
  const daemon = await world.start();
  assert.ok((await daemon.up) > 0);
});

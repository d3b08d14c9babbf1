import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';
import type { AlertChannel } from '../../src/tell/channels/channel.ts';
import { createDatabaseWatch } from '../../src/tell/database-watch.ts';
import { clockAt } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import { freshDatabase } from '../support/stores.ts';

test('a database that is away is told of once, past the database, and so is its return', async (t) => {
  const url = await freshDatabase(t, 'sqlite');
  const file = url.slice('sqlite:'.length);
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  const clock = clockAt();
  const told: string[] = [];
  let isDown = true;
  const channel = (name: string): AlertChannel => ({
    name,
    async send({ subject, body }) {
      if (name === 'first' && isDown) throw new Error('it does not answer');
      told.push(`${name}: ${subject}\n${body}`);
      return [];
    },
  });
  const channels = [channel('first'), channel('second')];
  const publicUrl = 'https://homing.example.com/';
  const deps = { store, channels, group: MINUTE, repeat: 15 * MINUTE, publicUrl, now: clock, log: logInto([]) };
  const watch = createDatabaseWatch(deps);
  const look = async (times: number) => {
    for (let n = 0; n < times; n++) {
      await watch();
      clock.advance(5 * SECOND);
    }
  };
  await look(3);
  renameSync(file, `${file}.away`);
  await look(6);
  assert.equal(told.length, 0, 'for a moment nobody is woken');
  await look(100);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /^second: \[Homing\] the database can not be used\n/);
  assert.match(told[0]?.replaceAll('\n', ' ') ?? '', /deleted, moved or replaced .* since 2026-11-25 09:00:15 UTC/);
  assert.ok((told[0] ?? '').split('\n').every((line) => line.length <= 78));
  assert.match(told[0] ?? '', /\nRunbook: https:\/\/homing\.example\.com\/runbook#database\n/);
  assert.match(told[0] ?? '', /\nNot everybody could be told of this\. first: it does not answer\n$/);
  isDown = false;
  await look(100);
  assert.match(told[1] ?? '', /^first: .*can not be used/);
  renameSync(`${file}.away`, file);
  await look(10);
  assert.deepEqual(
    told.slice(2).map((text) => text.split('\n')[0]),
    ['first: [Homing] the database can be used again'],
  );
});

import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Rung } from '../../src/core/ladder.ts';
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';
import type { AlertChannel, Notice } from '../../src/tell/channels/channel.ts';
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
  const deps = {
    ...{ store, channels, group: MINUTE, repeat: 15 * MINUTE, publicUrl, conversation: 'database:1' },
    ...{ now: clock, log: logInto([]) },
  };
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

async function watched(
  t: TestContext,
  ladder: readonly Rung[] = [{ after: 0, ways: ['mail', 'pagerduty'], each: true }],
) {
  const url = await freshDatabase(t, 'sqlite');
  const file = url.slice('sqlite:'.length);
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  const clock = clockAt();
  const heard: (Notice & { by: string })[] = [];
  const down = new Set<string>();
  const tries: string[] = [];
  const channels = ['mail', 'pagerduty'].map(
    (name): AlertChannel => ({
      name,
      async send(notice) {
        tries.push(name);
        if (down.has(name)) throw new Error('it does not answer');
        heard.push({ ...notice, by: name });
        return [];
      },
    }),
  );
  const watch = createDatabaseWatch({
    ...{ store, channels, group: MINUTE, repeat: 15 * MINUTE, publicUrl: null, conversation: 'database:1' },
    ...{ ladder, now: clock, log: logInto([]) },
  });
  const look = async (minutes: number) => {
    for (const end = clock() + minutes * MINUTE; clock() < end; clock.advance(5 * SECOND)) await watch();
  };
  await look(1);
  return {
    ...{ clock, heard, down, tries, look },
    goes: () => renameSync(file, `${file}.away`),
    comes: () => renameSync(`${file}.away`, file),
    turns: () => heard.map(({ by, turn }) => `${by} ${turn}`),
  };
}

test('who could not be told that the database is back is told later, and those who know are not told again', async (t) => {
  const { clock, heard, down, look, goes, comes, turns } = await watched(t);
  goes();
  await look(5);
  const opened = ['mail opened', 'pagerduty opened'];
  assert.deepEqual(turns(), opened);
  down.add('pagerduty');
  comes();
  const back = clock();
  await look(10);
  assert.deepEqual(turns(), [...opened, 'mail ended']);
  down.clear();
  await look(5);
  assert.deepEqual(turns(), [...opened, 'mail ended', 'pagerduty ended']);
  assert.equal(heard[3]?.endedAt, back);
  assert.equal(new Set(heard.map(({ conversation }) => conversation)).size, 1);
});

test('who has not heard of the end of one outage of the database hears of the end of the next', async (t) => {
  const { down, look, goes, comes, turns } = await watched(t);
  goes();
  await look(5);
  down.add('pagerduty');
  comes();
  await look(2);
  goes();
  await look(5);
  down.clear();
  comes();
  await look(5);
  assert.deepEqual(turns().slice(2, 4), ['mail ended', 'mail opened']);
  assert.deepEqual(turns().slice(4).sort(), ['mail ended', 'pagerduty ended']);
});

test('a clock that is set back does not silence what is told of the database', async (t) => {
  const { clock, look, goes, turns } = await watched(t);
  goes();
  await look(1);
  clock.advance(-30 * DAY);
  await look(5);
  assert.deepEqual(turns(), ['mail opened', 'pagerduty opened']);
  clock.advance(-30 * DAY);
  await look(1);
  assert.deepEqual(turns().slice(2), ['mail repeated', 'pagerduty repeated']);
});

test('a step up the ladder that nobody takes is tried once a minute', async (t) => {
  const ladder: readonly Rung[] = [
    { after: 0, ways: ['mail'], each: false },
    { after: 2 * MINUTE, ways: ['pagerduty'], each: false },
  ];
  const { down, tries, look, goes } = await watched(t, ladder);
  goes();
  await look(2);
  for (const name of ['mail', 'pagerduty']) down.add(name);
  tries.length = 0;
  await look(6);
  const byPager = tries.filter((name) => name === 'pagerduty').length;
  assert.ok(byPager >= 4 && byPager <= 6, `${byPager} times in six minutes`);
});

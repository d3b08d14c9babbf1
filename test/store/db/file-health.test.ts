// What happens to an SQLite file under a running process.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { databaseProblems } from '../../../src/store/db/health.ts';
import { migrate } from '../../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { transact } from '../../../src/store/db/transact.ts';
import { isDatabaseTrouble } from '../../../src/store/db/trouble.ts';
import { keep } from '../../../src/store/inbox/inbox.ts';
import { arrival, seed } from '../../support/factory.ts';
import { freshDatabase } from '../../support/stores.ts';

async function fileStore(t: TestContext): Promise<{ store: Store; file: string }> {
  const url = await freshDatabase(t, 'sqlite');
  const store = openStore(url);
  t.after(store.close);
  await migrate(store.db);
  await seed(store);
  assert.deepEqual(await databaseProblems(store), []);
  return { store, file: url.slice('sqlite:'.length) };
}

let events = 0;
const writes = {
  'an event': (store: Store) => keep(store, [arrival(`event ${++events}`)]),
  'a change': (store: Store) =>
    transact(store, (tx) => tx('cursors').insert({ name: `c${++events}`, value: '', at: 0 })),
};

async function assertRefused(store: Store, problem: RegExp): Promise<void> {
  for (const write of Object.values(writes)) await assert.rejects(async () => write(store), isDatabaseTrouble);
  assert.match((await databaseProblems(store)).join(), problem);
}

async function assertTaken(store: Store): Promise<void> {
  for (const write of Object.values(writes)) await write(store);
  assert.deepEqual(await databaseProblems(store), []);
}

test('a file that is moved away takes nothing, and all goes on when it is moved back', async (t) => {
  const { store, file } = await fileStore(t);
  renameSync(file, `${file}.away`);
  await assertRefused(store, /deleted, moved or replaced/);
  renameSync(`${file}.away`, file);
  await assertTaken(store);
});

for (const [how, happen] of Object.entries({
  deleted: (file: string) => rmSync(file),
  'replaced by a copy': (file: string) => {
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
  },
  'deleted with its log': (file: string) => {
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`);
  },
  'without its log': (file: string) => rmSync(`${file}-wal`),
})) {
  test(`a file that is ${how} takes nothing any more`, async (t) => {
    const { store, file } = await fileStore(t);
    happen(file);
    await assertRefused(store, /deleted, moved or replaced/);
  });
}

test('whoever opens a file later than others in the process makes no empty one where it is gone', async (t) => {
  const { file } = await fileStore(t);
  rmSync(file);
  for (const inThread of [false, true]) {
    const late = openStore(`sqlite:${file}`, { inThread, isThere: true });
    t.after(late.close);
    assert.match((await databaseProblems(late)).join(), /deleted, moved or replaced/);
    assert.equal(existsSync(file), false);
  }
});

test('damaged pages are found though the process remembers what was in them, and nothing is kept then', async (t) => {
  const { store, file } = await fileStore(t);
  await store.db.raw('pragma wal_checkpoint(truncate)');
  const pages = openSync(file, 'r+');
  writeSync(pages, Buffer.alloc(statSync(file).size - 8192, 0x55), 0, null, 8192);
  // The first look is a while ago then; here it is made again at once.
  const again = openStore(`sqlite:${file}`);
  t.after(again.close);
  assert.match((await databaseProblems(again)).join(), /damaged/);
  await assertRefused(again, /damaged/);
});

test('a full disk is told of, for a while, though a small write succeeds', async (t) => {
  const { store } = await fileStore(t);
  const [{ page_count: pages }] = (await store.db.raw('pragma page_count')) as [{ page_count: number }];
  await store.db.raw(`pragma max_page_count=${pages}`);
  const large = () => keep(store, [arrival('large', { body: 'x'.repeat(200_000) })]);
  await assert.rejects(large, isDatabaseTrouble);
  assert.deepEqual(await databaseProblems(store), ['the disk is full']);
});

test('a file and the folder that are made are for nobody else to read', async (t) => {
  const url = await freshDatabase(t, 'sqlite');
  const file = join(dirname(url.slice('sqlite:'.length)), 'sub', 'homing.sqlite');
  const store = openStore(`sqlite:${file}`);
  t.after(store.close);
  await migrate(store.db);
  const modes = [dirname(file), file, `${file}-wal`, `${file}-shm`].map((path) => statSync(path).mode & 0o777);
  assert.deepEqual(modes, [0o700, 0o600, 0o600, 0o600]);
});

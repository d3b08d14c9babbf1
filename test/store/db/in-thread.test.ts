// A store whose statements run in a thread of their own behaves as one in this thread.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { databaseProblems } from '../../../src/store/db/health.ts';
import { migrate } from '../../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { insertNew } from '../../../src/store/db/statements.ts';
import { transact } from '../../../src/store/db/transact.ts';
import { isDatabaseTrouble } from '../../../src/store/db/trouble.ts';
import { freshDatabase } from '../../support/stores.ts';

async function opened(t: TestContext): Promise<{ store: Store; file: string }> {
  const url = await freshDatabase(t, 'sqlite');
  const store = openStore(url, { inThread: true });
  t.after(store.close);
  return { store, file: url.replace(/^sqlite:/, '') };
}

test('values of every kind come back as they were', async (t) => {
  const { store } = await opened(t);
  await store.db.raw('create table t (id integer primary key, text text, bytes blob, n real)');
  const row = { id: 1, text: 'J\u00f6rg \u{1f600}', bytes: Buffer.from([0, 255, 10]), n: 2.5 };
  await store.db('t').insert(row);
  await store.db('t').insert({ id: 2, text: null, bytes: null, n: null });
  const [first, second] = await store.db('t').orderBy('id');
  assert.deepEqual({ ...first }, row);
  assert.ok(Buffer.isBuffer(first.bytes));
  assert.deepEqual({ ...second }, { id: 2, text: null, bytes: null, n: null });
});

test('parts of a large value come back as they were, and who gave them still has them', async (t) => {
  const { store } = await opened(t);
  await store.db.raw('create table t (id integer primary key, bytes blob)');
  const whole = randomBytes(3_000_000);
  const copy = Buffer.from(whole);
  for (const id of [0, 1, 2])
    await store.db('t').insert({ id, bytes: whole.subarray(id * 1_000_000, (id + 1) * 1_000_000) });
  await store.db('t').insert({ id: 3, bytes: whole });
  const rows: { bytes: Buffer }[] = await store.db('t').orderBy('id');
  assert.ok(Buffer.concat(rows.map(({ bytes }) => bytes)).equals(Buffer.concat([whole, whole])));
  assert.ok(whole.equals(copy));
});

test('a change is made whole or not at all, and an error has its name', async (t) => {
  const { store } = await opened(t);
  await store.db.raw('create table t (id integer primary key)');
  const failing = transact(store, async (tx) => {
    await tx('t').insert({ id: 1 });
    await tx('t').insert({ id: 1 });
  });
  await assert.rejects(failing, { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' });
  assert.deepEqual(await store.db('t'), []);
});

test('rows go in one by one, all or none, and those that are there stay', async (t) => {
  const { store } = await opened(t);
  await store.db.raw('create table t (id integer primary key, v text not null)');
  await insertNew(store.db, 't', [{ id: 1, v: 'a' }], 'id');
  await insertNew(
    store.db,
    't',
    [
      { id: 1, v: 'b' },
      { id: 2, v: 'c' },
    ],
    'id',
  );
  const wrong = [
    { id: 3, v: 'd' },
    { id: 4, v: null },
  ];
  await assert.rejects(insertNew(store.db, 't', wrong, 'id'), { code: /^SQLITE_CONSTRAINT/ });
  const undone = transact(store, async (tx) => {
    await insertNew(tx, 't', [{ id: 5, v: 'e' }], 'id');
    throw new Error('undone');
  });
  await assert.rejects(undone, /undone/);
  assert.deepEqual(
    (await store.db('t').orderBy('id')).map(({ id, v }) => [id, v]),
    [
      [1, 'a'],
      [2, 'c'],
    ],
  );
});

test('what another process writes is waited for without holding this thread up', async (t) => {
  const { store, file } = await opened(t);
  await store.db.raw('create table t (id integer primary key)');
  const other = openStore(`sqlite:${file}`);
  t.after(other.close);
  let turns = 0;
  let isWritten = false;
  const written = await other.db.transaction(async (tx) => {
    await tx('t').insert({ id: 1 });
    const writing = store
      .db('t')
      .insert({ id: 2 })
      .then(() => (isWritten = true));
    for (; turns < 50; turns++) await new Promise(setImmediate);
    assert.equal(isWritten, false);
    return { writing };
  });
  await written.writing;
  assert.deepEqual(
    (await store.db('t').orderBy('id')).map(({ id }) => id),
    [1, 2],
  );
});

test('a file that was moved away takes nothing more, and is told of', async (t) => {
  const { store, file } = await opened(t);
  await migrate(store.db);
  assert.deepEqual(await databaseProblems(store), []);
  renameSync(file, `${file}.away`);
  const error: unknown = await store
    .db('cursors')
    .insert({ name: 'x', value: '', at: 0 })
    .then(
      () => null,
      (e) => e,
    );
  assert.ok(isDatabaseTrouble(error));
  assert.match((await databaseProblems(store)).join(), /deleted, moved or replaced/);
  assert.equal(existsSync(file), false);
});

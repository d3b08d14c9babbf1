import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { backupsIn, sealedFile } from '../../src/backup/folder.ts';
import { backUp } from '../../src/backup/make.ts';
import { passedOf } from '../../src/backup/pack.ts';
import { MINUTE } from '../../src/core/time.ts';
import { BACKUP_TURN, backupState } from '../../src/store/backups.ts';
import { setCursor } from '../../src/store/notes/cursors.ts';
import { takeTurn } from '../../src/store/notes/turns.ts';
import { seed, sent } from '../support/factory.ts';
import { eachStore, onSqlite, testStore } from '../support/stores.ts';
import { depsFor, KEY, OLD_KEY } from './support.ts';

const signal = new AbortController().signal;

eachStore('a backup is sealed, verified and counted, and the database knows of it', async (given) => {
  const { store, url } = given;
  await seed(store, { recipients: ['canary@inbox.test'], facts: sent(0) });
  const deps = depsFor(given);
  const made = await backUp(deps);
  assert.ok(made);
  assert.deepEqual(await backupsIn(deps.folder), [made]);
  assert.deepEqual([made.kind, made.counts['messages'], made.counts['deliveries']], [store.kind, 1, 1]);
  assert.deepEqual(readdirSync(deps.folder).sort(), [`${made.name}.json`, `${made.name}.sealed`]);
  assert.ok(!readFileSync(sealedFile(deps.folder, made.name), 'latin1').includes('canary'));
  const { plainBytes, sha256 } = await passedOf(sealedFile(deps.folder, made.name), { keys: [KEY], signal });
  assert.deepEqual([plainBytes, sha256], [made.plainBytes, made.sha256]);
  const { good, failure } = await backupState(store);
  assert.deepEqual([good?.name, good?.bytes, failure], [made.name, made.bytes, null]);
  if (store.kind === 'sqlite')
    assert.deepEqual(
      readdirSync(dirname(url.slice('sqlite:'.length))).filter((name) => name.includes('copy')),
      [],
    );
});

eachStore('while one process makes a backup no other does, and one that was killed gives way', async (given) => {
  const deps = depsFor(given);
  const lease = { now: deps.now(), until: deps.now() + MINUTE };
  assert.ok(await takeTurn(given.open(), BACKUP_TURN, 'another', lease));
  assert.equal(await backUp(deps), null);
  deps.now.advance(MINUTE + 1);
  assert.ok(await backUp(deps));
  assert.ok(await backUp(deps), 'the guard is given back');
});

eachStore('an older key opens what it has sealed', async (given) => {
  const deps = depsFor(given, { keys: [OLD_KEY] });
  const made = await backUp(deps);
  const file = sealedFile(deps.folder, made?.name ?? '');
  assert.equal((await passedOf(file, { keys: [KEY, OLD_KEY], signal })).sha256, made?.sha256);
  await assert.rejects(passedOf(file, { keys: [KEY], signal }), /none of the keys/);
});

onSqlite('what fails is written down, and leaves the earlier ones as they are', async (given) => {
  const deps = depsFor(given);
  const first = await backUp(deps);
  deps.now.advance(15 * MINUTE);
  await assert.rejects(backUp({ ...deps, keys: [] }), /ENCRYPTION_KEY/);
  await assert.rejects(backUp({ ...deps, folder: join(deps.folder, 'gone') }), /gone is not there/);
  assert.deepEqual(await backupsIn(deps.folder), [first]);
  const { good, failure } = await backupState(given.store);
  assert.equal(good?.name, first?.name);
  assert.match(failure?.problem ?? '', /is not there/);
});

onSqlite('what is there in half, or is not as its manifest says, is not taken for a backup', async (given) => {
  const deps = depsFor(given);
  const made = await backUp(deps);
  assert.ok(made);
  const write = (name: string, text: string) => writeFileSync(join(deps.folder, name), text);
  write('homing-20260101T000000Z-AAAAAA.sealed', 'half');
  write('homing-20260101T000001Z-AAAAAA.sealed.part', 'half');
  write('homing-20260101T000002Z-AAAAAA.json', JSON.stringify({ ...made, name: 'homing-20260101T000002Z-AAAAAA' }));
  write('homing-20260101T000003Z-AAAAAA.json', '{');
  write('homing-20260101T000004Z-AAAAAA.json', JSON.stringify(made));
  assert.deepEqual(await backupsIn(deps.folder), [made]);
  const bytes = readFileSync(sealedFile(deps.folder, made.name));
  write(`${made.name}.sealed`, String(bytes.subarray(1)));
  assert.deepEqual(await backupsIn(deps.folder), []);
});

onSqlite('halves of long ago are removed, and what others put there is left alone', async (given) => {
  const deps = depsFor(given);
  for (const name of [
    'homing-20260101T000000Z-AAAAAA.sealed',
    'homing-20260101T000001Z-AAAAAA.sealed.part',
    'notes.txt',
  ])
    writeFileSync(join(deps.folder, name), 'x');
  // The files are of now, by the clock of the machine.
  deps.now.set(Date.now() + MINUTE);
  const first = await backUp(deps);
  assert.equal(readdirSync(deps.folder).length, 5);
  deps.now.set(Date.now() + 25 * 60 * MINUTE);
  const second = await backUp(deps);
  const own = [first, second].flatMap((one) => [`${one?.name}.json`, `${one?.name}.sealed`]);
  assert.deepEqual(readdirSync(deps.folder).sort(), [...own, 'notes.txt'].sort());
});

eachStore('what is written while a backup is made does not have it begin again', async (given) => {
  const { store } = given;
  const deps = depsFor(given);
  const other = given.open();
  let isOver = false;
  const made = backUp(deps).finally(() => {
    isOver = true;
  });
  let written = 0;
  for (; !isOver && written < 10_000; written++) {
    await setCursor(other, `c${written}`, '', 0);
    await new Promise(setImmediate);
  }
  assert.ok(await made);
  assert.ok(written > 0);
  assert.equal(
    Number((await store.db('cursors').where('name', 'like', 'c%').count({ n: '*' }).first())?.['n']),
    written,
  );
});

onSqlite('of two databases that share a folder neither prunes the backups of the other', async (given) => {
  const deps = depsFor(given, { keep: [0, 0, 0] });
  const mine = await backUp(deps);
  const other = await testStore(given.t, 'sqlite');
  const theirs = await backUp({ ...deps, store: other.store, url: other.url, now: () => deps.now() + MINUTE });
  deps.now.advance(2 * MINUTE);
  const newer = await backUp(deps);
  assert.deepEqual(
    (await backupsIn(deps.folder)).map(({ name }) => name),
    [newer?.name, theirs?.name],
  );
  assert.notEqual(mine?.database, theirs?.database);
});

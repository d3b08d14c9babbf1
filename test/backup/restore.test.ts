import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { findBackup } from '../../src/backup/find.ts';
import { sealedFile } from '../../src/backup/folder.ts';
import { backUp } from '../../src/backup/make.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { backupState, countsOf } from '../../src/store/backups.ts';
import { schemaProblems } from '../../src/store/db/drift.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { isHalfRestored } from '../../src/store/db/restore-into.ts';
import { failed, seed, sent } from '../support/factory.ts';
import { eachStore, freshDatabase, onMariaDb, onSqlite, type TestStore } from '../support/stores.ts';
import { depsFor, KEY } from './support.ts';

const how = { keys: [KEY], signal: new AbortController().signal };

/** A database with some mail, and a backup of it. */
async function backedUp(given: TestStore) {
  await seed(given.store, { recipients: ['ann@inbox.test', 'bob@inbox.test'], facts: sent(0) });
  await seed(given.store, {
    subject: "It's \\ a 'quote' \n ü 𝄞",
    facts: [...sent(SECOND), failed(2 * SECOND, 'retry')],
  });
  const deps = depsFor(given);
  const made = await backUp(deps);
  assert.ok(made);
  return { deps, made, found: await findBackup('latest', { folder: deps.folder }) };
}

async function open(t: TestContext, url: string): Promise<Store> {
  const store = openStore(url);
  t.after(store.close);
  return store;
}

const all = async ({ db }: Store, table: string, by: string[]) =>
  JSON.stringify(await db(table).orderBy(by.map((column) => ({ column }))));

eachStore('what was backed up is restored as it was, with all its tables', async (given) => {
  const { t, store } = given;
  const { made, found } = await backedUp(given);
  const before = {
    messages: await all(store, 'messages', ['id']),
    facts: await all(store, 'facts', ['delivery_id', 'fact_key']),
  };
  await seed(store, { facts: sent(0) });
  const url = await freshDatabase(t, store.kind);
  const shares: number[] = [];
  await restoreBackup(found, { ...how, url, progress: (share) => shares.push(share) }, async () => {});
  const restored = await open(t, url);
  assert.equal(await all(restored, 'messages', ['id']), before.messages);
  assert.equal(await all(restored, 'facts', ['delivery_id', 'fact_key']), before.facts);
  assert.deepEqual(await countsOf(restored), made.counts);
  assert.deepEqual(await schemaProblems(restored), []);
  assert.equal(await isHalfRestored(restored), false);
  assert.equal((await backupState(restored)).good?.name, made.name, 'it knows where it comes from');
  assert.equal(shares.at(-1), 1);
});

eachStore('nothing is restored into a database that has anything in it', async (given) => {
  const { found } = await backedUp(given);
  const before = await countsOf(given.store);
  await assert.rejects(
    restoreBackup(found, { ...how, url: given.url }, async () => {}),
    /is there already|is not empty/,
  );
  assert.deepEqual(await countsOf(given.store), before);
});

eachStore('a backup of one kind is not restored into the other', async (given) => {
  const { found } = await backedUp(given);
  const url = given.store.kind === 'sqlite' ? 'mysql://127.0.0.1:1/none' : `sqlite:${given.t.name}.sqlite`;
  await assert.rejects(
    restoreBackup(found, { ...how, url }, async () => {}),
    /can be restored into no other/,
  );
});

eachStore('a backup that was changed, cut off or sealed with a lost key leaves nothing behind', async (given) => {
  const { t, store } = given;
  const { deps, made, found } = await backedUp(given);
  const file = sealedFile(deps.folder, made.name);
  const whole = readFileSync(file);
  const middle = Buffer.from(whole);
  middle[whole.length >> 1] = (middle[whole.length >> 1] ?? 0) ^ 1;
  const url = await freshDatabase(t, store.kind);
  const isEmpty = async () => {
    if (store.kind === 'sqlite') return readdirSync(dirname(url.slice('sqlite:'.length))).length === 0;
    const [tables] = (await (await open(t, url)).db.raw('show tables')) as [unknown[]];
    return tables.length === 0;
  };
  for (const bytes of [middle, whole.subarray(0, whole.length - 1), whole.subarray(0, 300)]) {
    writeFileSync(file, bytes);
    await assert.rejects(restoreBackup(found, { ...how, url }, async () => {}));
    assert.ok(await isEmpty());
  }
  writeFileSync(file, whole);
  await assert.rejects(
    restoreBackup(found, { ...how, keys: ['ee'.repeat(32)], url }, async () => {}),
    /none of the keys/,
  );
  assert.ok(await isEmpty());
});

onSqlite('a backup of a newer version is left to that version', async (given) => {
  const { db } = given.store;
  await db('knex_migrations').insert({ name: '29991231235959_future', batch: 99, migration_time: 0 });
  const { found } = await backedUp(given);
  const url = await freshDatabase(given.t, 'sqlite');
  await assert.rejects(
    restoreBackup(found, { ...how, url }, async () => {}),
    /newer version of Homing/,
  );
});

onSqlite('a file of a log that lies there already is not taken for that of the restored database', async (given) => {
  const { found } = await backedUp(given);
  const url = await freshDatabase(given.t, 'sqlite');
  const file = url.slice('sqlite:'.length);
  writeFileSync(`${file}-wal`, 'of another database');
  await assert.rejects(
    restoreBackup(found, { ...how, url }, async () => {}),
    /-wal is there already/,
  );
  assert.ok(!existsSync(file));
});

onMariaDb('a restore that breaks off leaves a database on which no daemon starts', async (given) => {
  const { found } = await backedUp(given);
  const url = await freshDatabase(given.t, 'mysql');
  const breaking = async () => {
    throw new Error('the plug was pulled');
  };
  await assert.rejects(restoreBackup(found, { ...how, url }, breaking), /plug/);
  assert.equal(await isHalfRestored(await open(given.t, url)), true);
  await assert.rejects(
    restoreBackup(found, { ...how, url }, async () => {}),
    /is not empty/,
  );
});

onSqlite('the latest is the newest one, unless it is not clear of which database', async (given) => {
  const { deps, made } = await backedUp(given);
  deps.now.advance(MINUTE);
  const newer = await backUp(deps);
  assert.equal((await findBackup('latest', { folder: deps.folder })).manifest.name, newer?.name);
  assert.equal((await findBackup(made.name, { folder: deps.folder })).manifest.name, made.name);
  assert.equal((await findBackup(sealedFile(deps.folder, made.name), { folder: undefined })).manifest.name, made.name);
  await assert.rejects(findBackup('homing-20260101T000000Z-AAAAAA', { folder: deps.folder }), /no whole backup/);
  const manifest = `${deps.folder}/${newer?.name}.json`;
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(newer?.database ?? '', '0'.repeat(16)));
  await assert.rejects(findBackup('latest', { folder: deps.folder }), /several databases/);
  assert.equal((await findBackup('latest', { folder: deps.folder, database: made.database })).manifest.name, made.name);
  assert.equal(
    (await findBackup('latest', { folder: deps.folder, database: '0'.repeat(16) })).manifest.name,
    newer?.name,
  );
  await assert.rejects(
    findBackup('latest', { folder: deps.folder, database: '1'.repeat(16) }),
    /no whole backup of this database/,
  );
  await assert.rejects(findBackup('latest', { folder: `${deps.folder}/gone` }), /is not there/);
});

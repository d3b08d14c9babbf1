// Backups in a bucket: the same as in a folder, over the API of Amazon S3.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { type BucketAccess, bucketPlace, bucketProblem } from '../../src/backup/bucket.ts';
import { findBackup } from '../../src/backup/find.ts';
import { backUp } from '../../src/backup/make.ts';
import { nameOf } from '../../src/backup/manifest.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { partSize } from '../../src/backup/upload.ts';
import { newId } from '../../src/base/ids.ts';
import { readConfig } from '../../src/config/config.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { startSimBucket } from '../../src/lab/servers/s3.ts';
import { backupState, countsOf } from '../../src/store/backups.ts';
import { seed, sent } from '../support/factory.ts';
import { eachStore, freshDatabase, onSqlite, type TestStore } from '../support/stores.ts';
import { depsFor, KEY } from './support.ts';

const signal = new AbortController().signal;

async function bucketFor(t: TestContext, over: BucketAccess = {}) {
  const sim = await startSimBucket();
  t.after(sim.close);
  const [id = '', secret = ''] = sim.key.split(':');
  const access = { endpoint: sim.url, region: 'us-east-1', key: { id, secret }, ...over };
  const folder = `s3://${sim.bucket}/of/homing`;
  return { sim, access, folder, place: bucketPlace(folder, access) };
}

/** Nothing of a backup stays in the folder for temporary files. */
function temporary(t: TestContext): () => string[] {
  const [folder, before] = [mkdtempSync(join(tmpdir(), 'homing-test-')), process.env['TMPDIR']];
  process.env['TMPDIR'] = folder;
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(folder, { recursive: true });
  });
  return () => readdirSync(folder).filter((name) => name.startsWith('homing-backup-'));
}

/** What this process holds open of backups on their way. */
const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    const file = (() => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    })();
    return file.includes('homing-backup-') ? [file] : [];
  });

async function backedUp(given: TestStore) {
  const { t, store } = given;
  const bucket = await bucketFor(t);
  await seed(store, { recipients: ['canary@inbox.test'], facts: sent(0) });
  const deps = { ...depsFor(given), folder: bucket.folder, access: bucket.access };
  const made = await backUp(deps);
  assert.ok(made);
  return { ...bucket, deps, made };
}

eachStore('a backup in a bucket is sealed, found again, and restored', async (given) => {
  const left = temporary(given.t);
  const { sim, access, folder, place, made } = await backedUp(given);
  assert.deepEqual([...sim.objects.keys()].sort(), [`of/homing/${made.name}.json`, `of/homing/${made.name}.sealed`]);
  for (const { body } of sim.objects.values()) assert.ok(!body.includes('canary'));
  assert.deepEqual(await place.all(), [made]);
  assert.deepEqual(await place.find(made.name), made);
  assert.equal((await backupState(given.store)).good?.name, made.name);
  for (const which of ['latest', made.name, `${folder}/${made.name}.sealed`]) {
    const found = await findBackup(which, { folder, access });
    assert.deepEqual(found.manifest, made);
    const url = await freshDatabase(given.t, given.store.kind);
    const counts = await restoreBackup(found, { url, keys: [KEY], signal }, countsOf);
    assert.equal(counts['messages'], 1);
    await found.done();
    assert.equal(existsSync(found.file), false);
  }
  assert.deepEqual(left(), []);
});

onSqlite('what is superfluous goes from a bucket, and what was left in half', async (given) => {
  const { sim, place, deps, made } = await backedUp(given);
  sim.objects.set('of/homing/homing-20250101T000000Z-AAAAAA.sealed', { body: Buffer.from('half'), writtenAt: 0 });
  sim.objects.set('of/other/homing-20250101T000000Z-AAAAAA.sealed', { body: Buffer.from('not ours'), writtenAt: 0 });
  const names = [made.name];
  for (let n = 0; n < 7; n++) {
    deps.now.advance(15 * MINUTE);
    names.unshift((await backUp(deps))?.name ?? '');
  }
  assert.deepEqual(
    (await place.all()).map(({ name }) => name),
    names,
    'more than a page of them',
  );
  deps.now.advance(80 * DAY);
  const last = await backUp(deps);
  assert.deepEqual([...sim.objects.keys()].sort(), [
    `of/homing/${last?.name}.json`,
    `of/homing/${last?.name}.sealed`,
    'of/other/homing-20250101T000000Z-AAAAAA.sealed',
  ]);
});

onSqlite('a backup counts though old ones can not be taken away', async (given) => {
  const { sim, deps, made } = await backedUp(given);
  sim.objects.set('of/homing/homing-20250101T000000Z-AAAAAA.sealed', { body: Buffer.from('half'), writtenAt: 0 });
  const untidy: unknown[] = [];
  deps.now.advance(80 * DAY);
  sim.trouble = (method) => (method === 'DELETE' ? { status: 403, code: 'AccessDenied' } : null);
  const next = await backUp({ ...deps, untidy: (error) => untidy.push(error) });
  assert.ok(next);
  assert.deepEqual((await backupState(given.store)).good?.name, next.name);
  assert.equal((await backupState(given.store)).failure, null);
  assert.match(untidy.join(), /AccessDenied.*AccessDenied/s);
  assert.ok(sim.objects.has(`of/homing/${made.name}.sealed`));
});

onSqlite('an upload that fails leaves no backup, is written down, and says why', async (given) => {
  const left = temporary(given.t);
  const { sim, place, deps, made } = await backedUp(given);
  const fails = async (trouble: typeof sim.trouble, words: RegExp) => {
    deps.now.advance(15 * MINUTE);
    sim.trouble = trouble;
    await assert.rejects(backUp(deps), words);
    sim.trouble = null;
    assert.deepEqual(await place.all(), [made]);
    assert.match((await backupState(given.store)).failure?.problem ?? '', words);
  };
  const denied = { status: 403, code: 'AccessDenied' };
  await fails((method) => (method === 'PUT' ? denied : null), /s3:\/\/backups\/of\/homing: AccessDenied/);
  await fails((method, key) => (method === 'PUT' && key.endsWith('.json') ? denied : null), /AccessDenied/);
  await fails((method) => (method === 'PUT' ? { status: 400, code: 'BadDigest' } : null), /BadDigest/);
  await fails((method) => (method === 'GET' ? { status: 404, code: 'NoSuchBucket' } : null), /NoSuchBucket/);
  await fails((method) => (method === 'PUT' ? 'cut' : null), /s3:\/\/backups\/of\/homing: /);
  assert.deepEqual([...sim.objects.keys()].length, 2);
  assert.deepEqual(left(), []);
  assert.deepEqual(openFiles(), [], 'what was removed takes no room');
});

const MB = 1024 ** 2;

/** A bucket where what is larger than 6 MB goes in parts of 5, and a file that takes three. */
async function inParts(t: TestContext) {
  const bucket = await bucketFor(t, { sizes: { whole: 6 * MB, part: 5 * MB } });
  const content = randomBytes(11 * MB);
  const manifest = {
    version: 1,
    database: 'ab'.repeat(8),
    at: 0,
    kind: 'sqlite',
    migration: 'one',
    counts: {},
  } as const;
  const stop = new AbortController();
  const place = bucketPlace(bucket.folder, bucket.access, stop.signal);
  const keep = (name = nameOf(0, newId(0))) =>
    place.keep(
      name,
      (file) => file.writeFile(content),
      async () => ({ ...manifest, name, bytes: content.length, plainBytes: 1, sha256: 'ab'.repeat(32) }),
    );
  return { ...bucket, place, content, keep, stop };
}

test('a large backup goes into a bucket in parts, and comes back as it was', async (t) => {
  const { sim, place, content, keep } = await inParts(t);
  const made = await keep();
  assert.deepEqual(
    sim.requests.filter((one) => one.startsWith('P') && one.endsWith('.sealed')).map((one) => one.split(' ')[0]),
    ['POST', 'PUT', 'PUT', 'PUT', 'POST'],
  );
  assert.equal(sim.uploads.size, 0);
  assert.deepEqual(await place.find(made.name), made);
  const { file, done } = await place.take(made.name);
  assert.ok(readFileSync(file).equals(content));
  await done();
});

test('an upload in parts that fails leaves nothing behind, and one that breaks off goes on', async (t) => {
  const left = temporary(t);
  const { sim, place, keep, stop } = await inParts(t);
  const isPart = (query: URLSearchParams, number: number) => query.get('partNumber') === String(number);
  const denied = { status: 403, code: 'AccessDenied' };
  sim.trouble = (method, _, query) => (method === 'PUT' && isPart(query, 2) ? denied : null);
  await assert.rejects(keep(), /AccessDenied/);
  sim.trouble = (method, _, query) => (method === 'POST' && query.has('uploadId') ? denied : null);
  await assert.rejects(keep(), /AccessDenied/);
  assert.deepEqual([sim.uploads.size, sim.objects.size, left()], [0, 0, []]);
  assert.deepEqual(openFiles(), []);
  let cuts = 0;
  sim.trouble = (method, _, query) => (method === 'PUT' && isPart(query, 3) && ++cuts === 1 ? 'cut' : null);
  const made = await keep();
  assert.deepEqual([cuts > 1, (await place.all()).map(({ name }) => name)], [true, [made.name]]);
  sim.trouble = (method, _, query) => {
    if (method === 'PUT' && isPart(query, 2)) stop.abort();
    return null;
  };
  await assert.rejects(keep(), /abort/i);
  assert.equal(sim.uploads.size, 0, 'also when it was told to stop');
});

test('parts that a killed process has left are thrown away', async (t) => {
  const { sim, place, keep } = await inParts(t);
  await keep();
  sim.uploads.set('old', { key: 'of/homing/homing-20250101T000000Z-AAAAAA.sealed', startedAt: 0, parts: new Map() });
  sim.uploads.set('new', { key: 'of/homing/homing-20990101T000000Z-AAAAAA.sealed', startedAt: 5000, parts: new Map() });
  sim.uploads.set('other', { key: 'of/other/homing-20250101T000000Z-AAAAAA.sealed', startedAt: 0, parts: new Map() });
  await place.removeHalves(4000);
  assert.deepEqual([...sim.uploads.keys()], ['new', 'other']);
});

test('ten thousand parts are enough for any size', () => {
  const part = 16 * MB;
  assert.equal(partSize(6 * 1024 * MB, part), part);
  for (const size of [156 * 1024 * MB, 157 * 1024 * MB, 5 * 1024 ** 2 * MB + 1])
    assert.ok(Math.ceil(size / partSize(size, part)) <= 10_000, String(size));
});

onSqlite('a download that fails says why, and leaves nothing behind', async (given) => {
  const left = temporary(given.t);
  const { sim, access, folder } = await backedUp(given);
  sim.trouble = (method, key) => (method === 'GET' && key.endsWith('.sealed') ? 'cut' : null);
  await assert.rejects(findBackup('latest', { folder, access }), /s3:\/\/backups\/of\/homing: /);
  const stranger = { ...access, key: { id: 'AKIAOFTHELAB', secret: 'another' } };
  sim.trouble = null;
  await assert.rejects(findBackup('latest', { folder, access: stranger }), /SignatureDoesNotMatch/);
  await assert.rejects(findBackup('latest', { folder: `${folder}/empty`, access }), /no whole backup in s3:/);
  assert.deepEqual(left(), []);
});

onSqlite('a file that is not as long as its manifest says is no backup', async (given) => {
  const { sim, place, made } = await backedUp(given);
  const sealed = sim.objects.get(`of/homing/${made.name}.sealed`);
  assert.ok(sealed);
  sealed.body = sealed.body.subarray(1);
  assert.deepEqual(await place.all(), []);
  assert.equal(await place.find(made.name), null);
});

test('a bucket and its key are named in settings', () => {
  for (const good of ['/mnt/backups', 's3://backups', 's3://my.backups-1/a/b_c', 's3://backups/'])
    assert.equal(bucketProblem(good), null, good);
  for (const bad of ['s3:backups', 's3://', 's3://a b', 's3://backups/../x y', 's3://backups?x=1', 's3://-x'])
    assert.ok(bucketProblem(bad), bad);
  const env = {
    BACKUP_DIR: 's3://backups',
    BACKUP_ACCESS_KEY: 'id:sec:ret',
    BACKUP_ENDPOINT: 'https://s3.example.net',
  };
  const config = readConfig({ DATABASE_URL: 'sqlite:./x', ENCRYPTION_KEY: KEY, ...env }, 'database');
  assert.deepEqual(config.BACKUP_ACCESS_KEY, { id: 'id', secret: 'sec:ret' });
  assert.throws(() => readConfig({ BACKUP_DIR: 's3:/x' }, 'database'), /BACKUP_DIR must be a folder, or a bucket/);
  assert.throws(() => readConfig({ BACKUP_ACCESS_KEY: 'no-colon' }, 'database'), /BACKUP_ACCESS_KEY must be the id/);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stayHere } from '../../src/backup/drill/guard.ts';
import { handedOver, liveOn, openOutside } from '../../src/backup/drill/lives.ts';
import { restoreDrill } from '../../src/backup/drill/run.ts';
import { findBackup } from '../../src/backup/find.ts';
import { backUp } from '../../src/backup/make.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { accessIn } from '../../src/backup/settings.ts';
import { readConfig } from '../../src/config/config.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { startSimBucket } from '../../src/lab/servers/s3.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import type { Store } from '../../src/store/db/open.ts';
import { type Homing, logInto, queueMail, startByHand } from '../support/homing.ts';
import { eachDatabase, eachStore, freshDatabase, onMariaDb, onSqlite } from '../support/stores.ts';
import { depsFor, KEY } from './support.ts';

const ENV = { ENCRYPTION_KEY: KEY, EVENTS_SETTLE: '5m' };

async function backedUp(t: TestContext, homing: Homing, url: string): Promise<string> {
  const deps = depsFor({ t, store: homing.store, url });
  deps.now.set(homing.clock());
  assert.ok(await backUp(deps));
  return deps.folder;
}

function drilled(homing: Homing, url: string, folder: string, env: Record<string, string> = {}, patience?: number) {
  const all = {
    ...ENV,
    MAILGUN_DOMAIN: 'mg.example.com',
    DATABASE_URL: url,
    SECONDARY_SMTP_URL: 'smtp://10.0.0.1:25',
    ...env,
  };
  return restoreDrill({
    ...{ config: readConfig(all, 'database'), env: all, folder, now: homing.clock, log: logInto([]), live: null },
    ...{ signal: new AbortController().signal, say: () => {}, ...(patience === undefined ? {} : { patience }) },
  });
}

const namesIn = async ({ db, kind }: Store, url: string): Promise<string[]> => {
  if (kind === 'sqlite') return readdirSync(dirname(url.slice('sqlite:'.length)));
  const [rows] = (await db.raw('show databases')) as [Record<string, string>[]];
  return rows.flatMap((row) => Object.values(row));
};

eachDatabase('a good backup stands the test, and nothing is left of it', async (t, url) => {
  const homing = await startByHand(t, { database: url, poll: true, env: ENV });
  await homing.send('told@inbox.test');
  await homing.play(homing.clock() + 5 * MINUTE);
  for (let n = 0; n < 4; n++) await queueMail(homing, `p${n}@inbox.test`);
  await queueMail(homing, 'reset@inbox.test', { 'v:homing-class': 'access' });
  await queueMail(homing, 'later@inbox.test', { 'o:deliverytime': new Date(homing.clock() + 3 * HOUR).toUTCString() });
  const folder = await backedUp(t, homing, url);
  const before = await namesIn(homing.store, url);
  const handedOver = homing.sim.handovers.length;
  const report = await drilled(homing, url, folder);
  assert.deepEqual(
    report.checks.map(({ check, passed }) => [check, passed]),
    ['restored', 'counts', 'conserved', 'keys', 'nothing_at_once', 'nothing_twice'].map((check) => [check, true]),
    JSON.stringify(report.checks, null, 2),
  );
  assert.equal(report.passed, true);
  const says = Object.fromEntries(report.checks.map(({ check, says }) => [check, says]));
  assert.match(says['nothing_at_once'] ?? '', /^6 mails are open, 6 of them due at once, and none /);
  assert.match(says['nothing_twice'] ?? '', /^6 mails left after the backup, and none of it again/);
  assert.deepEqual(await namesIn(homing.store, url), before);
  assert.equal(homing.sim.handovers.length, handedOver, 'the provider of the settings got nothing');
});

onSqlite('mail that begins at a secondary is played as it leaves, and is not sent again', async ({ t, url }) => {
  const homing = await startByHand(t, { database: url, env: ENV });
  for (let n = 0; n < 24; n++) await queueMail(homing, `p${n}@inbox.test`, { 'v:homing-class': 'notice' });
  const folder = await backedUp(t, homing, url);
  const report = await drilled(homing, url, folder, { PROVIDER_SHARE: 'mailgun:50,10.0.0.1:25:50' });
  const { passed, says = '' } = report.checks.at(-1) ?? {};
  assert.equal(passed, true, says);
  const [, unasked = '0'] =
    /^24 mails left after the backup, and none of it again after the restore; (\d+) mails may be at a secondary that can't be asked: /.exec(
      says,
    ) ?? [];
  assert.ok(Number(unasked) > 3 && Number(unasked) < 21, says);
});

onSqlite(
  'mail that a secondary takes over and nobody can be asked about leaves again, and the drill tells of it',
  async ({ t, url }) => {
    const homing = await startByHand(t, { database: url, env: { ...ENV, RETRY_MAX_ATTEMPTS: '1' } });
    homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
    await queueMail(homing, 'dora@stubborn.test', { 'v:homing-class': 'notice' });
    await homing.dispatch();
    await homing.sim.runDue();
    homing.clock.advance(2 * SECOND);
    await homing.sim.runDue();
    const report = await drilled(homing, url, await backedUp(t, homing, url), { RETRY_MAX_ATTEMPTS: '1' });
    assert.deepEqual(report.checks.at(-1), {
      ...{ check: 'nothing_twice', passed: true },
      says: '1 mail left after the backup, and none of it again after the restore, but for 1 that nobody can be asked about and that say so',
    });
    assert.equal(report.passed, true);
  },
);

onSqlite('a backup in a bucket is fetched before the trial leaves nobody out', async ({ t, url }) => {
  const bucket = await startSimBucket();
  t.after(bucket.close);
  const homing = await startByHand(t, { database: url, env: ENV });
  await queueMail(homing, 'anna@inbox.test');
  const env = { BACKUP_ENDPOINT: bucket.url, BACKUP_ACCESS_KEY: bucket.key };
  const folder = `s3://${bucket.bucket}`;
  const config = readConfig({ ...ENV, ...env, DATABASE_URL: url }, 'database');
  const deps = { ...depsFor({ t, store: homing.store, url }), folder, access: accessIn(config) };
  deps.now.set(homing.clock());
  const made = await backUp(deps);
  const report = await drilled(homing, url, folder, env);
  assert.deepEqual([report.passed, report.backup], [true, made?.name], JSON.stringify(report.checks, null, 2));
});

onSqlite('mail that leaves a second time is noticed', async ({ t, url }) => {
  const homing = await startByHand(t, { database: url, env: ENV });
  await queueMail(homing, 'anna@inbox.test');
  const found = await findBackup('latest', { folder: await backedUp(t, homing, url) });
  const outside = await openOutside(homing.inside.config, homing.clock());
  t.after(outside.close);
  const signal = new AbortController().signal;
  const life = async () => {
    const copy = await freshDatabase(t, 'sqlite');
    await restoreBackup(found, { url: copy, keys: [KEY], signal }, async () => {});
    const whole = await liveOn(
      { url: copy, env: ENV, outside, log: logInto([]), signal, patience: Number.POSITIVE_INFINITY },
      5 * MINUTE,
    );
    assert.ok(whole);
  };
  await life();
  const [name = '', ...others] = handedOver(outside);
  assert.match(name, / anna@inbox\.test$/);
  assert.deepEqual(others, []);
  // A daemon that was not told of the restore, and can read nothing.
  outside.sim.misbehave(({ method }) => method === 'GET', { status: 500 });
  await life();
  assert.deepEqual(handedOver(outside), [name, name]);
});

eachStore('what is wrong with a backup is found by the check that is about it', async (given) => {
  const { t, store, url } = given;
  const homing = await startByHand(t, { database: url, env: ENV });
  await queueMail(homing, 'anna@inbox.test');
  await store.db('deliveries').update({ state: 'accepted' });
  const folder = await backedUp(t, homing, url);
  homing.clock.advance(2 * HOUR);
  const report = await drilled(homing, url, folder, { ENCRYPTION_KEY: `${'ee'.repeat(32)},${KEY}` });
  const failed = report.checks.filter(({ passed }) => !passed);
  assert.deepEqual(
    failed.map(({ check }) => check),
    ['counts', 'conserved'],
  );
  assert.match(failed[0]?.says ?? '', /it is 2 h old/);
  assert.match(failed[1]?.says ?? '', /^delivery \w{26} is accepted, and queued by its facts/);
  const lost = await drilled(homing, url, folder, { ENCRYPTION_KEY: 'ee'.repeat(32) });
  assert.deepEqual(
    lost.checks.map(({ check, passed, says }) => [check, passed, says]),
    [['restored', false, 'none of the keys is the one that it was sealed with']],
  );
  assert.equal(lost.passed, false);
});

onSqlite(
  'a play that does not come to its end, or in which nothing leaves, does not claim that it saw mail',
  async ({ t, url }) => {
    const homing = await startByHand(t, { database: url, env: ENV });
    const empty = await drilled(homing, url, await backedUp(t, homing, url));
    assert.deepEqual(empty.checks.at(-1), {
      ...{ check: 'nothing_twice', passed: true, says: 'no mail left after the backup, so none could leave again' },
    });
    await queueMail(homing, 'anna@inbox.test');
    const cut = await drilled(homing, url, await backedUp(t, homing, url), {}, 0);
    assert.equal(cut.passed, false);
    assert.deepEqual(cut.checks.at(-1), {
      ...{ check: 'nothing_twice', passed: false, says: 'there was more to play than time for it, so nobody knows' },
    });
  },
);

onMariaDb('a database that is lent for it is emptied again, unless there was something in it', async (given) => {
  const { t, store, url } = given;
  const homing = await startByHand(t, { database: url, env: ENV });
  const folder = await backedUp(t, homing, url);
  const lent = await freshDatabase(t, 'mysql');
  assert.equal((await drilled(homing, url, folder, { RESTORE_DRILL_DATABASE_URL: lent })).passed, true);
  assert.equal((await drilled(homing, url, folder, { RESTORE_DRILL_DATABASE_URL: lent })).passed, true);
  const own = await drilled(homing, url, folder, { RESTORE_DRILL_DATABASE_URL: url });
  assert.match(own.checks[0]?.says ?? '', /not empty/);
  assert.ok(await store.db.schema.hasTable('messages'));
});

test('a process that stays here connects to this machine and what it may, and to nothing else', async (t) => {
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const undo = stayHere(['db.example.com']);
  t.after(undo);
  const fails = async (open: () => ReturnType<typeof connect>) => {
    const [error] = (await once(open(), 'error')) as [Error];
    return error.message;
  };
  // Addresses for documentation (RFC 5737) and a name that never resolves (RFC 2606).
  for (const open of [
    () => connect(25, '192.0.2.1'),
    () => connect({ host: '192.0.2.1', port: 443 }),
    () => connect({ host: 'api.mailgun.invalid', port: 443 }),
  ])
    assert.match(await fails(open), /connects to nothing outside/);
  const reply = await fetch('https://192.0.2.1/').catch((error: Error) => String(error.cause));
  assert.match(String(reply), /connects to nothing outside/);
  // Node hands a path of null on here.
  const [refused] = (await once(get('http://192.0.2.1/'), 'error')) as [Error];
  assert.match(refused.message, /connects to nothing outside/);
  const [said] = (await once(connect(port, '127.0.0.1'), 'data')) as [Buffer];
  assert.equal(String(said), 'hello');
});

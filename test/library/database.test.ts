import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keyName } from '../../src/base/seal.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { STATES } from '../../src/core/delivery.ts';
import type { Policy } from '../../src/core/policy.ts';
import { createHoming, type DeliveryState, type Problem } from '../../src/index.ts';
import { publishKeys } from '../../src/intake/sealing-keys.ts';
import { publishTerms } from '../../src/intake/terms.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';
import { DOMAIN, freshFolder, startRecording } from '../client/support.ts';
import { eachStore, freshDatabase, onMariaDb, testStore } from '../support/stores.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
const KEY = randomBytes(32).toString('hex');

function library(t: TestContext, database: string, more: object = {}) {
  const problems: Problem[] = [];
  const spool = { folder: freshFolder(t), pause: 60_000 };
  const onProblem = (problem: Problem) => problems.push(problem);
  const homing = createHoming({ database, encryptionKey: KEY, patience: 5000, spool, onProblem, ...more });
  t.after(homing.close);
  const create = async (_domain: string, _data: object) => ({ status: 200, id: '<x@y>' });
  return { homing, problems, client: homing.wrapMailgun({ messages: { create } }) };
}

test('what the daemon is told in the environment is nothing to the application', async (t) => {
  const { url } = await testStore(t, 'sqlite');
  const env = { ENCRYPTION_KEY: KEY, RETRY_BASE: 'four', REPORT_CRON: 'at noon', DATABASE_URL: 'postgres://elsewhere' };
  const { homing, client, problems } = library(t, url, { env, encryptionKey: undefined });
  const { id } = await homing.deliverLater(DOMAIN, MAIL);
  assert.equal((await homing.status(id))?.deliveries[0]?.state, 'queued');
  await client.messages.create(DOMAIN, MAIL);
  await homing.flush();
  assert.deepEqual([homing.counts().recorded, problems], [2, []]);
});

test('without the key of the daemon nothing is queued, and the error says what is missing', async (t) => {
  const { url } = await testStore(t, 'sqlite');
  for (const more of [{ encryptionKey: undefined }, { encryptionKey: undefined, env: { ENCRYPTION_KEY: 'abc' } }]) {
    const { homing } = library(t, url, more);
    await assert.rejects(homing.deliverLater(DOMAIN, MAIL), {
      name: 'HomingError',
      code: 'invalid',
      message: /ENCRYPTION_KEY/,
    });
  }
});

eachStore(
  'with a key that the daemon does not have nothing is queued; of several the right one is taken',
  async (given) => {
    const { t, store, url } = given;
    await publishKeys(store, [KEY], 1);
    const other = randomBytes(32).toString('hex');
    const wrong = library(t, url, { encryptionKey: other });
    await assert.rejects(wrong.homing.deliverLater(DOMAIN, MAIL), { code: 'misconfigured', message: /ENCRYPTION_KEY/ });
    await library(t, url, { encryptionKey: `${other}, ${KEY.toUpperCase()}` }).homing.deliverLater(DOMAIN, MAIL);
    assert.deepEqual(await store.db('message_bodies').select('sealed_by'), [{ sealed_by: keyName(KEY) }]);
  },
);

eachStore('messages are queued and filed by the policies of the daemon', async ({ t, store, url }) => {
  const { policies, lease, outageWindow } = settingsOf(readConfig({ RETRY_MAX_ATTEMPTS: '3' }, 'database'));
  await publishTerms(store, { policies, lease, outageWindow, domains: [DOMAIN] }, 1);
  const { homing, client } = library(t, url);
  await homing.deliverLater(DOMAIN, MAIL);
  await client.messages.create(DOMAIN, { ...MAIL, 'h:Message-Id': `<own@${DOMAIN}>` } as never);
  await homing.flush();
  assert.equal((await homing.status(`own@${DOMAIN}`))?.deliveries[0]?.state, 'accepted');
  const rows: { policy: string }[] = await store.db('messages').select('policy');
  assert.deepEqual(
    rows.map((row) => (JSON.parse(row.policy) as Policy).maxAttempts),
    [3, 3],
  );
});

test('mail of a domain that the daemon does not send for is refused at once', async (t) => {
  const { store, url } = await testStore(t, 'sqlite');
  const { policies, lease, outageWindow } = settingsOf(readConfig({}, 'database'));
  await publishTerms(store, { policies, lease, outageWindow, domains: [DOMAIN] }, 1);
  const { homing } = library(t, url);
  await assert.rejects(homing.deliverLater('other.example.com', MAIL), { name: 'HomingError', code: 'not_found' });
  await assert.rejects(homing.deliverLater(DOMAIN, { ...MAIL, to: '' }), { name: 'HomingError', code: 'invalid' });
  assert.equal((await store.db('messages')).length, 0);
});

test('a database that could not be opened is tried again at the next use', async (t) => {
  const folder = freshFolder(t);
  const inTheWay = join(folder, 'data');
  writeFileSync(inTheWay, '');
  const database = `sqlite:${join(inTheWay, 'homing.sqlite')}`;
  const { homing, client } = library(t, database);
  await assert.rejects(homing.status('a'), { name: 'HomingError', code: 'unavailable' });
  await client.messages.create(DOMAIN, MAIL);
  await homing.flush();
  assert.equal(homing.counts().spooled, 2);
  rmSync(inTheWay);
  const store = openStore(database);
  t.after(store.close);
  await migrate(store.db);
  assert.equal(await homing.status('a'), null);
  assert.equal(homing.counts().filed, 2);
});

test('a database without tables is told of as that, and has the records when it has them', async (t) => {
  const database = await freshDatabase(t, 'sqlite');
  const { homing, client, problems } = library(t, database);
  await client.messages.create(DOMAIN, MAIL);
  await homing.flush();
  assert.deepEqual(new Set(problems.map(({ kind }) => kind)), new Set(['misconfigured']));
  assert.match(problems[0]?.detail ?? '', /no tables of Homing/);
  const store = openStore(database);
  t.after(store.close);
  await migrate(store.db);
  assert.equal(await homing.cancel({ key: 'none' }), 0);
  assert.equal(homing.counts().filed, 2);
});

onMariaDb('a database that is none of the server is told of as that', async ({ t, url }) => {
  const other = new URL(url);
  other.pathname = '/nothing_of_that_name';
  await tellsOf(t, other.href, /no tables of Homing/, 'misconfigured');
});

test('a user that the database does not let in is told of as that', async (t) => {
  // What MySQL's protocol says at the start of a connection, in place of a greeting.
  const words = Buffer.from("\xff\x15\x04#28000Access denied for user 'ann'", 'latin1');
  const packet = Buffer.concat([Buffer.from([words.length, 0, 0, 0]), words]);
  const server = createServer((socket) => socket.on('error', () => {}).end(packet)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  await tellsOf(t, `mysql://ann:secret@127.0.0.1:${port}/homing`, /does not let this user in/, 'unauthorized');
});

async function tellsOf(t: TestContext, database: string, words: RegExp, code: string): Promise<void> {
  const { homing, client, problems } = library(t, database);
  await client.messages.create(DOMAIN, MAIL);
  await homing.flush();
  assert.deepEqual(new Set(problems.map(({ kind }) => kind)), new Set(['misconfigured']));
  assert.match(problems[0]?.detail ?? '', words);
  assert.ok(!JSON.stringify(problems).includes('ann'));
  await assert.rejects(homing.status('a'), { name: 'HomingError', code });
}

/** Sends one mail, and says when it is done with all. */
const SCRIPT = `
  const { createHoming } = await import('./src/index.ts');
  const homing = createHoming(JSON.parse(process.argv[1]));
  const client = homing.wrapMailgun({ messages: { create: async () => ({ status: 200, id: '<x@y>' }) } });
  await client.messages.create('mg.example.com', { from: 'a@example.com', to: 'ann@example.org', text: 'Hi' });
  await homing.flush();
  process.stdout.write(JSON.stringify(homing.counts()));
`;

async function endsPromptly(t: TestContext, place: object): Promise<void> {
  const options = JSON.stringify({ ...place, patience: 20_000, spool: { folder: freshFolder(t) } });
  const flags = ['--disable-warning=ExperimentalWarning', '--import', 'tsx', '--input-type=module', '-e', SCRIPT];
  const child = spawn(process.execPath, [...flags, options], { cwd: join(import.meta.dirname, '..', '..') });
  t.after(() => child.kill());
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const done = performance.now();
  await once(child, 'exit');
  assert.equal((JSON.parse(said.toString()) as { recorded: number }).recorded, 2);
  const took = performance.now() - done;
  assert.ok(took < 4000, `it took the process ${Math.round(took)} ms to end`);
}

eachStore('a process that does not close ends soon after its last send', async ({ t, url }) => {
  await endsPromptly(t, { database: url });
});

test('a process that does not close ends soon after its last send to a daemon', async (t) => {
  const server = await startRecording(t);
  server.reply(() => ({ status: 200, body: { results: [{}] } }));
  await endsPromptly(t, { url: server.url, token: 't' });
});

test('the states of the types are those of a delivery', () => {
  // Neither list may have a name that the other lacks; the compiler checks the first half.
  const named: readonly DeliveryState[] = STATES;
  const all: Record<DeliveryState, true> = {
    ...{ queued: true, sending: true, unconfirmed: true, accepted: true, deferred: true, delivered: true },
    ...{ relayed: true, failed: true, abandoned: true, expired: true, cancelled: true },
  };
  assert.deepEqual([...named].sort(), Object.keys(all).sort());
});

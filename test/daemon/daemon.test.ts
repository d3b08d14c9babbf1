import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { seal } from '../../src/base/seal.ts';
import { readConfig } from '../../src/config/config.ts';
import { HOUR } from '../../src/core/time.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import { startSimHealthchecks } from '../../src/lab/servers/healthchecks.ts';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { createReturnPath } from '../../src/providers/smtp/return-path.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';
import { refusedSince } from '../../src/store/inbox/refusals.ts';
import { queueDraft, seedQueued } from '../support/factory.ts';
import { DOMAIN, logInto } from '../support/homing.ts';
import { postfix } from '../support/returned.ts';
import { returnMail } from '../support/smtp-talk.ts';

const KEY = 'ab'.repeat(32);

test('a key that does not open what is kept stops the start, and nothing is sent; the old one behind it will do', async (t) => {
  const { store, sim, config } = await queued(t);
  const other = 'cd'.repeat(32);
  for (const keys of [[other], []])
    await assert.rejects(startDaemon({ ...config, ENCRYPTION_KEY: keys }, logInto([])), {
      name: 'ConfigError',
      message: /ENCRYPTION_KEY .*: 1 mail is kept here sealed .*ENCRYPTION_KEY=new,old/,
    });
  assert.deepEqual(await store.db('deliveries').select('state', 'attempt'), [{ state: 'queued', attempt: 0 }]);
  const daemon = await startDaemon({ ...config, ENCRYPTION_KEY: [other, KEY] }, logInto([]));
  while (sim.handovers.length === 0) await new Promise(setImmediate);
  await daemon.stop();
  // Nothing is kept any more, but a daemon that has only the old key would not open what is sealed from now on.
  await assert.rejects(startDaemon({ ...config, ENCRYPTION_KEY: [KEY] }, logInto([])), { name: 'ConfigError' });
});

test('where the key is lost a daemon starts when told so, and the mail waits for as long as it is of use', async (t) => {
  const { store, config, sim } = await queued(t);
  const lost = { ...config, ENCRYPTION_KEY: ['cd'.repeat(32)] };
  const daemon = await startDaemon(lost, logInto([]), { withoutLostKeys: true });
  const refused = () => store.db('facts').where({ kind: 'refused' }).select('body');
  while ((await refused()).length === 0) await new Promise(setImmediate);
  await daemon.stop();
  const facts = await refused();
  assert.equal(facts.length, 1);
  assert.match(JSON.stringify(facts), /withdrawn.*does not open with ENCRYPTION_KEY/);
  assert.equal(sim.handovers.length, 0);
  assert.deepEqual(await store.db('deliveries').select('state'), [{ state: 'queued' }]);
});

test('a database in memory is refused, as nothing that is acknowledged would last', async (t) => {
  const { config } = await queued(t);
  for (const DATABASE_URL of ['sqlite::memory:', 'sqlite://:memory:'])
    await assert.rejects(startDaemon({ ...config, DATABASE_URL }, logInto([])), {
      name: 'ConfigError',
      message: /DATABASE_URL must name a file or a server/,
    });
});

test('a fault of the thread that does the work ends the process', async () => {
  const script = "import { workInThread } from './src/daemon/work-in-thread.ts'; workInThread({}, console, {}, 0);";
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const ended = promisify(execFile)(process.execPath, args, { cwd: join(import.meta.dirname, '..', '..') });
  await assert.rejects(ended, { code: 1, stderr: /must be sqlite/ });
});

test('a second daemon on a port that is taken sends nothing before it finds out', async (t) => {
  const { store, sim, config } = await queued(t);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => taken.close(resolve)));
  const { port } = taken.address() as { port: number };
  const lines: string[] = [];
  await assert.rejects(startDaemon({ ...config, PORT: port }, logInto(lines)), { code: 'EADDRINUSE' });
  assert.deepEqual([sim.requests.length, sim.handovers.length], [0, 0]);
  const [before] = await store.db('deliveries').select('state', 'attempt');
  assert.deepEqual(before, { state: 'queued', attempt: 0 });

  const daemon = await startDaemon({ ...config, PORT: 0 }, logInto(lines));
  while (sim.handovers.length === 0) await new Promise(setImmediate);
  await daemon.stop();
  assert.equal(sim.handovers.length, 1, 'the same daemon on a free port sends it');
});

test('a daemon takes what comes back where it is told to, and says so when it can not listen there', async (t) => {
  const { config, store } = await queued(t);
  const back = { BOUNCE_DOMAIN: 'bounces.example.com', BOUNCE_SMTP_HOST: '127.0.0.1', BOUNCE_SMTP_PORT: 0 };
  const quiet = await startDaemon({ ...config, PORT: 0, BOUNCE_DOMAIN: back.BOUNCE_DOMAIN }, logInto([]));
  assert.equal(quiet.bouncePort, null);
  await quiet.stop();
  const server = 'smtp://127.0.0.1:2525';
  const daemon = await startDaemon({ ...config, PORT: 0, ...back, SECONDARY_SMTP_URL: [server] }, logInto([]));
  const { bouncePort } = daemon;
  assert.ok(bouncePort);
  const path = createReturnPath({ domain: back.BOUNCE_DOMAIN, keys: [KEY] }, '127.0.0.1:2525');
  const to = path.addressOf({ deliveryId: '01JD4ZKQ8M9V7T3X5W2YB6NCRE', attempt: 1 });
  assert.match(await returnMail(t, bouncePort, to, postfix({ to, recipient: 'ann@example.net' })), /^250 /);
  assert.equal((await store.db('inbox').where({ provider: '127.0.0.1:2525' })).length, 1);
  const second = startDaemon({ ...config, PORT: 0, ...back, BOUNCE_SMTP_PORT: bouncePort }, logInto([]));
  await assert.rejects(second, { name: 'ConfigError', message: /BOUNCE_SMTP_PORT name a place .*EADDRINUSE/ });
  await daemon.stop();
});

test('a daemon that is told to stop writes down the webhooks that it refused last', async (t) => {
  const { config, store } = await queued(t);
  const daemon = await startDaemon({ ...config, PORT: 0 }, logInto([]));
  const url = `http://127.0.0.1:${daemon.port}/webhooks/mailgun`;
  const answer = await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
  assert.equal(answer.ok, false);
  await daemon.stop();
  assert.deepEqual(
    (await refusedSince(store, 0)).map(({ provider, n }) => ({ provider, n })),
    [{ provider: 'mailgun', n: 1 }],
  );
});

test("a daemon tells a dead man's service of each run, and others when the last one was", async (t) => {
  const { config } = await queued(t);
  const service = await startSimHealthchecks();
  t.after(service.close);
  const daemon = await startDaemon({ ...config, HEARTBEAT_URL: service.check }, logInto([]));
  while (service.pings.length < 2) await new Promise(setImmediate);
  const response = await fetch(`http://127.0.0.1:${daemon.port}/heartbeat`);
  const { beating, lastRun } = (await response.json()) as { beating: boolean; lastRun: string };
  await daemon.stop();
  assert.deepEqual(
    service.pings.slice(0, 2).map(({ signal }) => signal),
    ['start', 'success'],
  );
  assert.deepEqual([response.status, beating], [200, true]);
  assert.ok(Math.abs(Date.parse(lastRun) - Date.now()) < HOUR);
});

/** A mail in the queue of a daemon that has not started yet. */
async function queued(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'homing-port-'));
  t.after(() => rm(folder, { recursive: true }));
  const sim = await startSimMailgun({ apiKey: 'key', signingKey: 's', domains: [DOMAIN], clock: Date.now });
  t.after(sim.close);
  const database = `sqlite:${join(folder, 'homing.db')}`;
  const store = openStore(database);
  t.after(store.close);
  await migrate(store.db);
  const draft = queueDraft({ createdAt: Date.now() });
  const body = await seal(Buffer.from('Subject: Hi\r\n\r\nHi\r\n'), KEY, draft.id);
  await seedQueued(store, { ...draft, body }, Date.now());
  const env = {
    ...{ DATABASE_URL: database, MAILGUN_API_KEY: 'key', MAILGUN_DOMAIN: DOMAIN, MAILGUN_API_URL: sim.url },
    ...{ MAILGUN_WEBHOOK_SIGNING_KEY: 's', ENCRYPTION_KEY: KEY, MAILGUN_STORAGE_HOSTS: new URL(sim.url).host },
    ...{ HOST: '127.0.0.1', PORT: '0', DUE_POLL: '10ms' },
  };
  return { store, sim, config: { ...readConfig(env, 'daemon'), PORT: 0 } };
}

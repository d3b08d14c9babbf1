import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { detail, send, sendAll, settled, until } from '../../src/lab/campaign/application.ts';
import { copiesOf } from '../../src/lab/campaign/verdict.ts';
import { createWorld, DOMAIN, TOKEN, type World } from '../../src/lab/campaign/world.ts';
import { createMigrated, type MariaDb, startMariaDb, withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { listenOnLoopback } from '../../src/lab/sim/listen.ts';
import type { Misbehaviour } from '../../src/lab/sim/misbehave.ts';
import { startSink } from '../../src/lab/sim/sink.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { openStore } from '../../src/store/db/open.ts';

const isRepost = (r: SimRequest): boolean => r.method === 'POST' && r.path.includes('/messages/');

async function worldFor(t: TestContext, options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = await createWorld(options);
  t.after(world.close);
  return world;
}

/** What the API answers to a record just now, without patience. */
async function recordStatus(world: World, name: string): Promise<number> {
  const response = await fetch(`${world.front.url}/api/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({
      messageId: `${name}@${DOMAIN}`,
      domain: DOMAIN,
      from: `team@${DOMAIN}`,
      to: [`${name}@there.example`],
      state: 'accepted',
    }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Mail that nobody records keeps the webhooks coming, until one is refused for want of a place to keep it. */
async function refused(world: World): Promise<void> {
  const authorization = `Basic ${btoa(`api:${world.env['MAILGUN_API_KEY']}`)}`;
  const body = { from: `team@${DOMAIN}`, to: 'nobody@there.example', subject: 's', text: 't' };
  await until('a webhook to be refused', async () => {
    const url = `${world.sim.url}/v3/${DOMAIN}/messages`;
    const response = await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams(body) });
    await response.arrayBuffer();
    return world.sim.webhooks.some((w) => w.answer === 503);
  });
}

const stateOf = async (world: World, id: string) => (await detail(world.front.url, id)).deliveries[0]?.state;

async function databaseThatDies(t: TestContext): Promise<{ server: MariaDb; database: string }> {
  const server = await startMariaDb();
  t.after(server.stop);
  await settleFiles(server);
  return { server, database: await createMigrated(server, 'away') };
}

/** A server that was never shut down has not written its first files yet, and does not survive a crash. */
async function settleFiles(server: MariaDb): Promise<void> {
  const root = openStore(server.url(''));
  await root.db.raw('shutdown');
  await root.close();
  await server.ended();
  await server.restart();
}

test('while the database is away webhooks and records get 503, and all goes on without a restart when it is back', {
  skip: withoutMariaDb() ?? false,
}, async (t) => {
  const { server, database } = await databaseThatDies(t);
  const world = await worldFor(t, { database });
  const daemon = await world.start();
  world.sim.fate('bela@there.example', [BLOCKED_IP, 'deliver']);
  world.sim.fate('dora@there.example', BLOCKED_IP);
  const mails = ['anna', 'bela', 'dora'].map((name) => ({ recipient: `${name}@there.example` }));
  const recorded = await sendAll(world, mails);
  await server.crash();
  await refused(world);
  assert.equal(await recordStatus(world, 'late'), 503);
  const ready = await fetch(`${world.front.url}/readyz`, { headers: { connection: 'close' } });
  assert.equal(ready.status, 503);
  assert.ok(!world.sim.webhooks.some((w) => w.answer === 406 || w.answer === 500));
  await server.restart();
  await until('a record to be taken', async () => (await recordStatus(world, 'later')) === 201);
  const late = await send(world, { recipient: 'fritz@there.example' });
  await until('all to end', async () => {
    const states = await Promise.all([...recorded, late].map(({ id }) => stateOf(world, id)));
    return states.every((state) => state === 'delivered' || state === 'relayed');
  });
  assert.ok(daemon.isRunning());
  for (const { id, recipient } of [...recorded, late]) {
    const [delivery] = (await detail(world.front.url, id)).deliveries;
    const doubles = delivery?.attempts.filter((a) => a.possibleDouble !== null).length ?? 0;
    assert.ok(copiesOf(world, recipient) <= 1 + doubles, recipient);
  }
});

test('the answer to a hand-over is kept while the database is away, so that nothing is sent twice', {
  skip: withoutMariaDb() ?? false,
}, async (t) => {
  const { server, database } = await databaseThatDies(t);
  const root = openStore(server.url(''));
  const [[{ file }]] = (await root.db.raw('select @@datadir as folder, @@pid_file as file')) as [[{ file: string }]];
  await root.close();
  const pid = Number(readFileSync(file, 'utf8'));
  let mails = 0;
  const world = await worldFor(t, {
    database,
    env: { RETRY_MAX_ATTEMPTS: '1' },
    sink: {
      // The secondary takes the mail, and at that moment the database dies.
      misbehave: () => {
        if (++mails === 1) process.kill(pid, 'SIGKILL');
        return null;
      },
    },
  });
  await world.start();
  world.sim.fate('dora@there.example', BLOCKED_IP);
  const { id } = await send(world, { recipient: 'dora@there.example' });
  await until('the mail at the secondary', () => mails === 1);
  await until('the database to be away', async () => (await recordStatus(world, 'late')) === 503);
  await server.ended();
  await server.restart();
  await until('the end', async () => (await stateOf(world, id)) === 'relayed');
  const [delivery] = (await detail(world.front.url, id)).deliveries;
  assert.equal(copiesOf(world, 'dora@there.example'), 1);
  assert.deepEqual(
    delivery?.attempts.map((a) => a.possibleDouble),
    [null, null],
  );
});

/** Listens where a redirect of Mailgun leads to. */
async function canary(t: TestContext): Promise<{ url: string; visits: () => number }> {
  let visits = 0;
  const { port, close } = await listenOnLoopback(
    createServer((_, response) => {
      visits++;
      response.end('{"id":"<canary@evil.example>"}');
    }),
    0,
  );
  t.after(close);
  return { url: `http://127.0.0.1:${port}/v3/elsewhere`, visits: () => visits };
}

const TROUBLES: Record<string, Misbehaviour | ((elsewhere: string) => Misbehaviour)> = {
  '503 that sent nothing': { status: 503 },
  '500 that sent it all the same': { status: 500, work: true },
  'no answer': 'hang',
  'no answer after the work': 'hangAfterWork',
  'a cut after the work': 'dropBeforeAnswer',
  'a cut before the work': 'dropBeforeWork',
  'half an answer': 'truncated',
  'a page of HTML': 'garbage',
  'a redirect': (to) => ({ redirect: 302, to }),
  'a redirect that keeps the method': (to) => ({ redirect: 307, to }),
};

test('whatever Mailgun does to a re-post, the mail arrives once, and no redirect is followed', async (t) => {
  const elsewhere = await canary(t);
  // So much trouble looks like an outage, in which mail waits: that is not what this is about.
  const world = await worldFor(t, { env: { RETRY_SCHEDULE: 'local', OUTAGE_LEAST: '1000' } });
  await world.start();
  const names = Object.keys(TROUBLES).map((what, n) => ({ what, recipient: `r${n}@there.example` }));
  for (const { what, recipient } of names) {
    world.sim.fate(recipient, [BLOCKED_IP, 'deliver']);
    const trouble = TROUBLES[what] ?? 'hang';
    const how = typeof trouble === 'function' ? trouble(elsewhere.url) : trouble;
    world.sim.misbehave((r) => isRepost(r) && r.fields['to']?.[0] === recipient, how, 2);
  }
  const recorded = await sendAll(world, names);
  await settled(world.front.url);
  for (const { id, recipient } of recorded) {
    const { what = '' } = names.find((n) => n.recipient === recipient) ?? {};
    assert.equal(await stateOf(world, id), 'delivered', what);
    assert.equal(copiesOf(world, recipient), 1, what);
  }
  assert.equal(elsewhere.visits(), 0);
});

test('a 429 with Retry-After is kept to, and uses up no attempt', async (t) => {
  const world = await worldFor(t, { env: { RETRY_SCHEDULE: 'local' } });
  await world.start();
  world.sim.fate('bela@there.example', [BLOCKED_IP, 'deliver']);
  const stop = world.sim.misbehave(isRepost, { status: 429, headers: { 'Retry-After': '3' } }, 2);
  const { id } = await send(world, { recipient: 'bela@there.example' });
  await settled(world.front.url);
  stop();
  const tries = world.sim.requests.filter(isRepost);
  assert.equal(tries.length, 3);
  for (const [n, { at }] of tries.slice(1).entries()) assert.ok(at - (tries[n]?.at ?? 0) >= 3000, `asked after ${at}`);
  assert.equal(await stateOf(world, id), 'delivered');
  assert.equal(copiesOf(world, 'bela@there.example'), 1);
});

test('a secondary that is down when it is needed is tried again, and takes the mail once it is up', async (t) => {
  const other = await startSink();
  await other.close();
  const world = await worldFor(t, { env: { SECONDARY_SMTP_URL: other.url, RETRY_MAX_ATTEMPTS: '1' } });
  await world.start();
  world.sim.fate('dora@there.example', BLOCKED_IP);
  const { id } = await send(world, { recipient: 'dora@there.example' });
  const refusals = async () =>
    (await detail(world.front.url, id)).deliveries[0]?.facts.filter((f) => f.kind === 'refused').length ?? 0;
  await until('two refusals', async () => (await refusals()) >= 2);
  const up = await startSink({ port: other.port });
  t.after(up.close);
  await settled(world.front.url);
  assert.equal(await stateOf(world, id), 'relayed');
  assert.equal(up.mails.filter((m) => m.to.includes('dora@there.example')).length, 1);
});

/** A small file system in memory, or why there is none. */
function smallDisk(t: TestContext): string | { skip: string } {
  const folder = mkdtempSync(join(tmpdir(), 'homing-disk-'));
  let mounted = false;
  t.after(() => {
    if (mounted) execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'pipe' });
    mounted = true;
    return folder;
  } catch (error) {
    return { skip: `no tmpfs can be mounted here: ${error instanceof Error ? error.message.split('\n')[0] : ''}` };
  }
}

test('a full disk is a 503, and nothing that was acknowledged is lost when there is room again', async (t) => {
  const disk = smallDisk(t);
  if (typeof disk !== 'string') return t.skip(disk.skip);
  const world = await worldFor(t, { database: `sqlite:${join(disk, 'homing.sqlite')}` });
  const daemon = await world.start();
  const before = await send(world, { recipient: 'anna@there.example' });
  const ballast = join(disk, 'ballast');
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(16 * 1024 * 1024)), { code: 'ENOSPC' });
  let taken = 0;
  await until('the disk to be full for us too', async () => (await recordStatus(world, `n${++taken}`)) === 503);
  await refused(world);
  rmSync(ballast);
  const after = await send(world, { recipient: 'fritz@there.example' });
  await until('both to arrive', async () => {
    const states = await Promise.all([before, after].map(({ id }) => stateOf(world, id)));
    return states.every((state) => state === 'delivered');
  });
  assert.ok(daemon.isRunning());
});

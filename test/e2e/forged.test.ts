import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { detail, list, type Recorded, send, settled, until } from '../../src/lab/campaign/application.ts';
import { aboutSecrets } from '../../src/lab/campaign/verdict.ts';
import {
  API_KEY,
  createWorld,
  DOMAIN,
  SIGNING_KEY,
  type World,
  type WorldOptions,
} from '../../src/lab/campaign/world.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { listenOnLoopback } from '../../src/lab/sim/listen.ts';
import { openStore } from '../../src/store/db/open.ts';

type Signature = { timestamp: string; token: string; signature: string };
type Event = Record<string, unknown>;

async function worldFor(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const world = await createWorld(options);
  t.after(world.close);
  await world.start();
  return world;
}

function sign(key = SIGNING_KEY, at = Date.now()): Signature {
  const timestamp = String(Math.floor(at / 1000));
  const token = randomBytes(25).toString('hex');
  return { timestamp, token, signature: hmac(key, timestamp + token) };
}
const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex');

/** A bounce of the kind that is re-posted, as Mailgun would tell it. */
const bounce = ({ id, messageId, recipient }: Recorded, storage?: string, to = recipient): Event => ({
  event: 'failed',
  severity: 'permanent',
  reason: 'generic',
  id: randomBytes(16).toString('base64url'),
  timestamp: Date.now() / 1000,
  recipient: to,
  domain: { name: DOMAIN },
  'user-variables': { 'homing-id': id },
  message: { headers: { 'message-id': messageId, to, from: `team@${DOMAIN}`, subject: 'x' } },
  ...(storage === undefined ? {} : { storage: { url: storage, key: storage.split('/').at(-1) } }),
  'delivery-status': { code: 550, message: '5.7.1 The sending IP is on our block list', 'attempt-no': 1 },
});

async function post(world: World, signature: unknown, event: Event): Promise<number> {
  const response = await fetch(`${world.front.url}/webhooks/mailgun`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ signature, 'event-data': event }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** A message of ours that Mailgun has and says nothing more about. */
async function waiting(world: World, recipient: string): Promise<Recorded> {
  world.sim.fate(recipient, 'silence');
  return send(world, { recipient });
}

/** What can be seen of the world: states, and everything that may have left. Reading Mailgun's records does no harm. */
async function look(world: World) {
  const { sim, sink, front } = world;
  const reading = /\/events(\/|$)|\/analytics\/logs$|\/bounces\/[^/]+$|^\/v[34]\/domains\/[^/]+$/;
  return {
    states: (await list(front.url)).map((m) => m.deliveries.map((d) => [d.recipient, d.state, d.attempt])),
    acts: sim.requests
      .filter((r) => !(reading.test(r.path) && (r.method === 'GET' || r.path.endsWith('logs'))))
      .map((r) => `${r.method} ${r.path}`),
    mails: sink.mails.length,
  };
}

/** Waits until every event that came in has been looked at for as long as anybody would. */
async function digested(world: World): Promise<void> {
  const store = openStore(world.database);
  try {
    await until('the inbox to be worked off', async () => !(await store.db('inbox').where({ pending: 1 }).first('id')));
  } finally {
    await store.close();
  }
}

async function canary(t: TestContext): Promise<{ port: number; visits: string[] }> {
  const visits: string[] = [];
  const server = createServer((request, response) => {
    visits.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.end('{"id":"<canary@evil.example>","message":"Queued. Thank you."}');
  });
  const { port, close } = await listenOnLoopback(server, 0);
  t.after(close);
  return { port, visits };
}

test('a signature that is wrong in any way changes nothing', async (t) => {
  const world = await worldFor(t);
  const mail = await waiting(world, 'anna@there.example');
  await until('the accepted event', () => world.sim.webhooks.some((w) => w.answer === 200));
  await digested(world);
  const before = await look(world);
  const good = sign();
  const { timestamp: time, token, signature } = good;
  const forged: Record<string, unknown> = {
    'another key': sign('another-key'),
    'an empty key': sign(''),
    'the API key': sign(API_KEY),
    'a digit moved to the token': { ...good, timestamp: time.slice(0, -1), token: time.slice(-1) + token },
    'two digits moved to the token': { ...good, timestamp: time.slice(0, -2), token: time.slice(-2) + token },
    'a digit moved to the time': shifted(),
    'upper case': { ...good, signature: signature.toUpperCase() },
    'one digit short': { ...good, signature: signature.slice(1) },
    'a prefix': { ...good, signature: `0x${signature}` },
    'not ASCII': { ...good, signature: 'é'.repeat(32) },
    'a list of signatures': { ...good, signature: [signature] },
    'no token': { timestamp: time, signature },
    'no block': null,
    'a day and an hour old': sign(SIGNING_KEY, Date.now() - 25 * 3_600_000),
    'from the day after tomorrow': sign(SIGNING_KEY, Date.now() + 25 * 3_600_000),
  };
  for (const [what, block] of Object.entries(forged)) {
    const status = await post(world, block, bounce(mail, world.sim.storageUrl(keyOf(world, mail))));
    assert.ok(status === 401 || status === 406, `${what}: ${status}`);
  }
  await digested(world);
  assert.deepEqual(await look(world), before);
});

/** A token that begins with a digit, which is moved to the end of the time. */
function shifted(): Signature {
  for (;;) {
    const { timestamp, token, signature } = sign();
    if (/^\d/.test(token)) return { timestamp: timestamp + token.slice(0, 1), token: token.slice(1), signature };
  }
}

const keyOf = (world: World, { recipient }: Recorded): string =>
  world.sim.handovers.find((h) => h.recipient === recipient)?.storageKey ?? '';

test('a captured signature on another body, recipient or storage URL changes nothing more', async (t) => {
  const { port, visits } = await canary(t);
  const world = await worldFor(t);
  const anna = await waiting(world, 'anna@there.example');
  const bela = await waiting(world, 'bela@there.example');
  await until('a webhook of each', () => world.sim.webhooks.filter((w) => w.answer === 200).length >= 2);
  await digested(world);
  const before = await look(world);
  const captured = world.sim.webhooks.map((w) => (JSON.parse(w.body) as { signature: Signature }).signature);
  const evil = `http://127.0.0.1:${port}/v3/domains/${DOMAIN}/messages/a-key-of-theirs`;
  for (const { timestamp, token, signature } of captured) {
    const replays = [
      bounce(bela),
      bounce(anna, evil),
      bounce(anna, world.sim.storageUrl(keyOf(world, anna)), 'attacker@evil.example'),
      { ...bounce(bela), event: 'delivered' },
      { ...bounce(bela), event: 'complained' },
    ];
    for (const event of replays) assert.equal(await post(world, { timestamp, token, signature }, event), 200);
    const moved = { timestamp: timestamp.slice(0, -1), token: timestamp.slice(-1) + token, signature };
    assert.ok([401, 406].includes(await post(world, moved, bounce(bela, evil))));
  }
  await digested(world);
  assert.deepEqual(await look(world), before);
  assert.deepEqual(visits, []);
});

test('a signed event of our message for a recipient that is not ours has no consequence', async (t) => {
  const world = await worldFor(t, { env: { ADOPT_AFTER: '1s', ADOPT_UNKNOWN: 'retry' } });
  const anna = await waiting(world, 'anna@there.example');
  await until('the accepted event', () => world.sim.webhooks.some((w) => w.answer === 200));
  await digested(world);
  const before = await look(world);
  const url = world.sim.storageUrl(keyOf(world, anna));
  const strangers = [
    'attacker@evil.example',
    'anna@there.example, attacker@evil.example',
    'anna@there.example\r\nto: attacker@evil.example',
    'Anna <attacker@evil.example>',
    'anna@there.example\0.evil.example',
  ];
  for (const to of strangers) assert.equal(await post(world, sign(), bounce(anna, url, to)), 200, to);
  await digested(world);
  assert.deepEqual(await look(world), before);
});

test('no storage URL leads the API key, or a request, to a place that is not allowed', async (t) => {
  const { port, visits } = await canary(t);
  const world = await worldFor(t, { env: { ASK_PATIENCE: '1s' } });
  const ours = new URL(world.sim.storageOrigin).host;
  const path = `/v3/domains/${DOMAIN}/messages/AKeyThatLooksLikeOneOfTheirs00`;
  const urls = [
    `http://127.0.0.1:${port}${path}`,
    `http://localhost:${port}${path}`,
    `http://${ours}@127.0.0.1:${port}${path}`,
    `http://127.0.0.1:${port}\\@${ours}${path}`,
    `http://127.0.0.1:${port}#${ours}${path}`,
    `http://127.0.0.1:${port}?${ours}${path}`,
    `http://0x7f.1:${port}${path}`,
    `http://2130706433:${port}${path}`,
    `http://[::ffff:127.0.0.1]:${port}${path}`,
    `//127.0.0.1:${port}${path}`,
    `\thttp://127.0.0.1:${port}${path}`,
    `https://storage-us-east4.api.mailgun.net@127.0.0.1:${port}${path}`,
    `http://${ours}/v3/domains/${DOMAIN}/../../v3/keys`,
    `http://${ours}/v3/domains/${DOMAIN}/messages/../../../keys`,
    `http://${ours}/v3/domains/${DOMAIN}/messages/..%2f..%2fkeys`,
    `http://${ours}${path}?to=attacker@evil.example`,
    `http://${ours}${path}#x`,
    `http://${ours}/v3/domains/other.example/messages/AKeyThatLooksLikeOneOfTheirs00`,
    `http://${ours}/v1/keys`,
    'file:///etc/passwd',
    'data:,x',
    `gopher://127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}/${'a'.repeat(100_000)}`,
  ];
  // Known from the API alone, so that nothing but the forged event names a storage URL.
  world.sim.quirks.lose = () => true;
  world.sim.quirks.eventsApi = 'error';
  world.sim.quirks.logsApi = 'error';
  const mails: Recorded[] = [];
  for (const n of urls.keys()) mails.push(await waiting(world, `c${n}@there.example`));
  const begun = world.sim.requests.length;
  for (const [n, mail] of mails.entries()) assert.equal(await post(world, sign(), bounce(mail, urls[n])), 200);
  await until('all to be over', async () => {
    const states = (await list(world.front.url)).flatMap((m) => m.deliveries.map((d) => d.state));
    return states.every((s) => s === 'abandoned' || s === 'failed');
  });
  assert.deepEqual(visits, []);
  const asked = world.sim.requests.slice(begun);
  const known = new RegExp(
    `^/v3/${DOMAIN}/(events(/.*)?|bounces/[^/]+)$|^/v1/analytics/logs$|^/v[34]/domains/${DOMAIN}$|^${path}$`,
  );
  for (const { method, path: to, query, fields } of asked) {
    assert.match(to, known, `${method} ${to}`);
    assert.ok(!query.has('to') && !JSON.stringify(fields).includes('attacker'), `${method} ${to}`);
  }
  assert.equal(world.sim.handovers.length, urls.length, 'something was sent again');
  assert.ok(!world.sink.mails.some((m) => m.to.some((to) => to !== 'admin@team.example')));
});

test('the API key is told to nobody, not even when Mailgun answers with it', async (t) => {
  const world = await worldFor(t, { env: { LOG_LEVEL: 'trace', RETRY_SCHEDULE: 'local', RETRY_MAX_ATTEMPTS: '2' } });
  const basic = Buffer.from(`api:${API_KEY}`).toString('base64');
  const told = JSON.stringify({ message: `wrong key ${API_KEY} in Authorization: Basic ${basic}` });
  const isRepost = (r: { method: string; path: string }) => r.method === 'POST' && r.path.includes('/messages/');
  world.sim.misbehave(isRepost, { status: 401, body: told }, 1);
  world.sim.misbehave(isRepost, { status: 500, body: told }, 1);
  world.sim.misbehave((r) => r.method === 'GET' && r.path.endsWith('/events'), { status: 401, body: told }, 3);
  world.sim.fate('dora@there.example', BLOCKED_IP);
  const { id } = await send(world, { recipient: 'dora@there.example' });
  await settled(world.front.url);
  await until('an alert', () => world.sink.mails.some((m) => m.to.includes('admin@team.example')));
  assert.deepEqual(aboutSecrets(world), []);
  const message = JSON.stringify(await detail(world.front.url, id));
  const dump = await dumped(world.database);
  for (const secret of [API_KEY, basic, SIGNING_KEY]) {
    assert.ok(!message.includes(secret), 'the API tells a secret');
    assert.ok(!dump.includes(secret), 'the database holds a secret');
    assert.ok(!world.daemons.some((d) => d.lines.some((l) => l.includes(secret))), 'the log tells a secret');
  }
});

async function dumped(database: string): Promise<string> {
  const store = openStore(database);
  try {
    const tables = (await store.db('sqlite_master').where({ type: 'table' }).select('name')) as { name: string }[];
    const rows = [];
    for (const { name } of tables) rows.push(await store.db(name).select());
    return JSON.stringify(rows);
  } finally {
    await store.close();
  }
}

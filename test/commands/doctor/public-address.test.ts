import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listenOnLoopback } from '../../../src/lab/sim/listen.ts';
import { makeIdentity } from '../../../src/store/notes/identity.ts';
import { start } from '../../http/support.ts';
import { database } from '../support.ts';
import { examine, healthy } from './support.ts';

/** An address where something answers that is no daemon of ours. */
async function stranger(t: TestContext, answer: RequestListener): Promise<string> {
  const { port, close } = await listenOnLoopback(createServer(answer), 0);
  t.after(close);
  return `http://127.0.0.1:${port}`;
}

const says =
  (status: number, body = '', headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };

test('the address of this daemon is known by what only it can answer', async (t) => {
  const { env } = await healthy(t);
  const { of } = await examine(env);
  assert.deepEqual(
    of('public address').map((f) => f.status),
    ['ok'],
  );
});

test('whatever else answers there is told, and nothing is registered at it', async (t) => {
  const { sim, env } = await healthy(t);
  const other = await database(t);
  await makeIdentity(other.store, Date.now());
  const { port, close } = await listenOnLoopback(createServer(), 0);
  await close();
  const gone = `http://127.0.0.1:${port}`;
  const cases: [string, RegExp][] = [
    [(await start(t, { store: other.store })).url, /another database/],
    [await stranger(t, says(200, 'Welcome to nginx!')), /something else answers \(200\)/],
    [await stranger(t, says(200, '{"homing":"0123456789abcdef"}')), /another database/],
    [await stranger(t, says(200, 'null')), /something else/],
    [await stranger(t, says(200, 'x'.repeat(5_000_000))), /something else/],
    [await stranger(t, says(404)), /something else answers \(404\)/],
    [await stranger(t, says(502, '<h1>Bad Gateway')), /proxy, and no daemon/],
    [
      await stranger(t, says(301, '', { location: 'https://other.example.com/x?secret=1' })),
      /redirects to https:\/\/other\.example\.com,/,
    ],
    [await stranger(t, () => {}), /no answer within 300 ms/],
    [gone, /can't be reached from here: ECONNREFUSED/],
    ['http://nowhere.invalid', /can't be reached from here: E[A-Z_]+/],
  ];
  for (const [url, words] of cases) {
    const { of, code } = await examine({ ...env, PUBLIC_URL: url }, '--fix-webhooks', '--patience', '300ms');
    assert.equal(of('public address')[0]?.status, 'problem', url);
    assert.match(of('public address')[0]?.says ?? '', words);
    assert.match(of('webhooks')[0]?.says ?? '', /^nothing is registered for mg\.example\.com: no daemon/);
    assert.equal(code, 1);
  }
  assert.ok(
    sim.requests.every(({ method }) => method === 'GET'),
    'Mailgun was changed nowhere',
  );
});

test('a server that repeats what it is asked, or what a daemon once answered, is not taken for one', async (t) => {
  const { env, daemon } = await healthy(t);
  const path = `/webhooks/mailgun?nonce=${'a'.repeat(32)}`;
  const recorded = await (await fetch(daemon.url + path)).text();
  const echo: RequestListener = (request, response) =>
    void response.end(JSON.stringify({ homing: new URL(request.url ?? '', 'http://x').searchParams.get('nonce') }));
  for (const url of [await stranger(t, says(200, recorded)), await stranger(t, echo)])
    assert.equal((await examine({ ...env, PUBLIC_URL: url })).worst('public address'), 'problem');
});

test('a database that no daemon has started on does not say which one is right', async (t) => {
  const { store, env, sim } = await healthy(t);
  await store.db('cursors').where({ name: 'identity' }).delete();
  const { of } = await examine(env, '--fix-webhooks');
  assert.match(of('public address')[0]?.mend ?? '', /homing start/);
  assert.match(of('webhooks')[0]?.says ?? '', /^nothing is registered/);
  assert.ok(sim.requests.every(({ method }) => method === 'GET'));
});

test('an address that Mailgun can not reach, or that everybody can listen to, is doubted', async (t) => {
  const { env } = await healthy(t);
  const far = { ...env, MAILGUN_API_URL: 'https://api.mailgun.invalid' };
  for (const [PUBLIC_URL, words] of [
    ['http://127.0.0.1:1', /inside your own network/],
    ['https://[::1]:1', /inside your own network/],
    ['http://192.168.3.4:1', /inside your own network/],
    ['https://homing:1', /inside your own network/],
    ['http://homing.invalid', /plain http/],
  ] as const) {
    const found = (await examine({ ...far, PUBLIC_URL }, '--patience', '200ms')).of('public address');
    assert.match(found.at(-1)?.says ?? '', words, PUBLIC_URL);
    assert.equal(found.at(-1)?.status, 'warning');
  }
});

import assert from 'node:assert/strict';
import { Agent, get as httpGet } from 'node:http';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { ask, get, postWebhook, speak, start, TOKEN, webhookBody, webhookOf } from './support.ts';

test('what is not there is a JSON 404, and the wrong method a JSON 405 that names the right ones', async (t) => {
  const running = await start(t);
  for (const path of [
    '/',
    '/api',
    '/api/nothing',
    '/metrics',
    '/healthz/x',
    '/api/../healthz/..',
    '/%2e%2e/etc/passwd',
  ]) {
    const reply = await ask(running.url + path);
    assert.equal(reply.status, 404, path);
    assert.equal(typeof reply.body['error'], 'string');
  }
  const wrong: [string, string, string][] = [
    ['DELETE', '/api/messages', 'HEAD, POST, GET'],
    ['PUT', '/api/status', 'HEAD, GET'],
    ['POST', '/healthz', 'HEAD, GET'],
    ['GET', '/api/messages/x/cancel', 'POST'],
  ];
  for (const [method, path, allowed] of wrong) {
    const reply = await ask(running.url + path, { method });
    assert.equal(reply.status, 405, `${method} ${path}`);
    const names = (text: string | null) => (text ?? '').split(', ').sort();
    assert.deepEqual(names(reply.headers.get('allow')), names(allowed));
    assert.equal(typeof reply.body['error'], 'string');
  }
});

test('every answer forbids to be sniffed, framed or kept', async (t) => {
  const running = await start(t);
  const answers = [
    await ask(`${running.url}/healthz`),
    await ask(`${running.url}/nothing`),
    await get(running, '/api/messages'),
    await ask(`${running.url}/api/messages`),
    await postWebhook(running, webhookBody(running.clock())),
    await postWebhook(running, '{}'),
  ];
  for (const { headers } of answers) {
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(headers.get('x-powered-by'), null);
  }
});

test('an error of our own is 500 with no word of what it was, and is logged', async (t) => {
  const running = await start(t, {
    webhooks: [
      webhookOf(() => {
        throw new Error('a secret inside');
      }),
    ],
  });
  const broken = await postWebhook(running, webhookBody(running.clock()));
  assert.deepEqual([broken.status, broken.body], [500, { error: 'internal error' }]);
  assert.match(running.logged(), /a secret inside/);
});

test('a fault in a route is 500, and the next request is served', async (t) => {
  const running = await start(t);
  await running.store.db.raw('alter table messages rename column sender to sendr');
  const reply = await ask(`${running.url}/api/messages?since=1`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  assert.equal(reply.status, 200);
  const body = JSON.stringify({
    messageId: 'a@b',
    domain: 'b.example',
    from: 'x',
    to: 'a@b.example',
    state: 'accepted',
  });
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
  const broken = await ask(`${running.url}/api/messages`, { method: 'POST', headers, body });
  assert.deepEqual([broken.status, broken.body], [500, { error: 'internal error' }]);
  assert.match(running.logged(), /a request failed/);
  assert.equal((await ask(`${running.url}/healthz`)).status, 200);
});

test('neither Host nor X-Forwarded headers nor an absolute target change an answer', async (t) => {
  const running = await start(t);
  const bytes =
    'GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example:x@y\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: close\r\n\r\n';
  const heard = await speak(running.server.port, bytes);
  assert.doesNotMatch(heard, /evil/);
});

test('a sender that is slow with its headers is hung up on', async (t) => {
  const limits = { header: 100 };
  const running = await start(t, { limits });
  const heard = await speak(running.server.port, 'GET /healthz HTTP/1.1\r\nHost: a\r\n');
  assert.match(heard, /^HTTP\/1.1 408 /);
});

test('closing finishes what is in flight, ends idle connections and takes no new one', async (t) => {
  let reached = (): void => {};
  const asked = new Promise<void>((resolve) => {
    reached = resolve;
  });
  let commit = (): void => {};
  const committed = new Promise<void>((resolve) => {
    commit = resolve;
  });
  const running = await start(t, {
    keep: () => {
      reached();
      return committed;
    },
  });
  const agent = new Agent({ keepAlive: true });
  await new Promise<void>((resolve) => {
    httpGet(`${running.url}/healthz`, { agent }, (response) => response.resume().on('end', resolve));
  });
  const reply = postWebhook(running, webhookBody(running.clock()));
  await asked;
  const closing = running.server.close(MINUTE);
  await assert.rejects(ask(`${running.url}/healthz`));
  commit();
  assert.equal((await reply).status, 200);
  await closing;
  agent.destroy();
});

test('what does not finish within the grace is cut off', async (t) => {
  let reached = (): void => {};
  const asked = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const running = await start(t, {
    keep: () => {
      reached();
      return new Promise(() => {});
    },
  });
  const reply = postWebhook(running, webhookBody(running.clock()));
  const failed = assert.rejects(reply);
  await asked;
  await running.server.close(20);
  await failed;
});

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { openStore } from '../../src/store/db/open.ts';
import { type Arrival, keep } from '../../src/store/inbox/inbox.ts';
import { ask, inboxRows, postWebhook, type Reply, signature, speak, start, webhookBody } from './support.ts';

test('a signed event is answered with 200 once it is stored, byte for byte', async (t) => {
  const running = await start(t);
  const body = webhookBody(running.clock(), { subject: 'Grüße 🎉', extra: [1, { deep: '\\u0000' }] });
  const reply = await postWebhook(running, body);
  assert.equal(reply.status, 200);
  const [row, ...others] = await inboxRows(running.store);
  assert.equal(others.length, 0);
  assert.equal(row?.['body'], body);
  assert.equal(row?.['source'], 'webhook');
  assert.equal(row?.['received_at'], running.clock());
  assert.match(String(row?.['replay_key']), /^[0-9a-z]{7}[0-9a-f]{57}$/);
  assert.equal(running.rings(), 1);
});

test('a repeat is answered with 200 and stored once, also when both come at the same moment', async (t) => {
  const running = await start(t);
  const body = webhookBody(running.clock());
  const replies = await Promise.all([postWebhook(running, body), postWebhook(running, body)]);
  replies.push(await postWebhook(running, body));
  assert.deepEqual(
    replies.map((r) => r.status),
    [200, 200, 200],
  );
  assert.equal((await inboxRows(running.store)).length, 1);
});

test('events that nobody knows are stored all the same', async (t) => {
  const running = await start(t);
  for (const event of ['list_member_uploaded', 'a_thing_of_tomorrow']) {
    assert.equal((await postWebhook(running, webhookBody(running.clock(), { event }))).status, 200);
  }
  const odd = JSON.stringify({ signature: signature(running.clock()), 'event-data': null });
  assert.equal((await postWebhook(running, odd)).status, 200);
  assert.equal((await inboxRows(running.store)).length, 3);
});

test('legacy forms, urlencoded and multipart, are stored with the type to read them by', async (t) => {
  const running = await start(t);
  const fields = {
    ...signature(running.clock()),
    event: 'delivered',
    recipient: 'ann@example.org',
    domain: 'mg.example.com',
  };
  const urlencoded = await postWebhook(running, new URLSearchParams(fields).toString(), {
    'Content-Type': 'application/x-www-form-urlencoded',
  });
  assert.equal(urlencoded.status, 200);
  const form = Object.entries({ ...fields, ...signature(running.clock()), event: 'dropped' });
  const parts = form.map(
    ([name, value]) => `--cut\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const multipart = await postWebhook(running, `${parts.join('')}--cut--\r\n`, {
    'Content-Type': 'multipart/form-data; boundary=cut',
  });
  assert.equal(multipart.status, 200);
  const types = (await inboxRows(running.store)).map((r) => String(r['content_type']));
  assert.deepEqual(types.map((type) => type.split(';')[0]).sort(), [
    'application/x-www-form-urlencoded',
    'multipart/form-data',
  ]);
});

test('a wrong key, a stale time and a shifted digit are 401 and change nothing', async (t) => {
  const running = await start(t);
  const now = running.clock();
  const genuine = signature(now);
  const shifted = { ...genuine, timestamp: genuine.timestamp.slice(0, 9), token: genuine.timestamp[9] + genuine.token };
  const forgeries = [
    webhookBody(now, {}, 'another key'),
    webhookBody(now - 25 * HOUR),
    webhookBody(now + 25 * HOUR),
    JSON.stringify({ signature: shifted, 'event-data': { event: 'delivered' } }),
    JSON.stringify({ signature: { ...genuine, signature: 'é'.repeat(32) }, 'event-data': {} }),
  ];
  for (const body of forgeries) assert.equal((await postWebhook(running, body)).status, 401);
  assert.deepEqual(await inboxRows(running.store), []);
  assert.equal(running.rings(), 0);
  assert.equal((await postWebhook(running, webhookBody(now - 8 * HOUR))).status, 200);
});

test('a flood of forgeries fills no log, and the log says how many they were', async (t) => {
  const running = await start(t);
  for (let n = 0; n < 5; n++) await postWebhook(running, webhookBody(running.clock(), {}, 'wrong'));
  running.clock.advance(MINUTE);
  await postWebhook(running, webhookBody(running.clock(), {}, 'wrong'));
  const lines = running.logged().trim().split('\n');
  const counts = lines.map((line) => (JSON.parse(line) as { count: number }).count);
  assert.deepEqual(counts, [1, 5]);
});

test('what can never be an event is 406', async (t) => {
  const running = await start(t);
  const type = { 'Content-Type': 'application/json' };
  const never = [
    '',
    '{}',
    '[]',
    'null',
    '"x"',
    '{"signature":null}',
    '{',
    `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  ];
  for (const body of never) assert.equal((await postWebhook(running, body, type)).status, 406, body.slice(0, 20));
  const body = webhookBody(running.clock());
  assert.equal((await postWebhook(running, body, { 'Content-Type': 'text/plain' })).status, 406);
  const long = { 'Content-Type': `application/json; x=${'a'.repeat(300)}` };
  assert.equal((await postWebhook(running, body, long)).status, 406);
  assert.equal((await postWebhook(running, Buffer.from([0xff, 0xfe, 0x7b]), type)).status, 406);
  assert.deepEqual(await inboxRows(running.store), []);
});

test('a packed body is 415, and is not unpacked', async (t) => {
  const running = await start(t);
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
  assert.equal((await postWebhook(running, webhookBody(running.clock()), headers)).status, 415);
  const plain = { 'Content-Type': 'application/json', 'Content-Encoding': 'identity' };
  assert.equal((await postWebhook(running, webhookBody(running.clock()), plain)).status, 200);
});

test('a body over 1 MB is 413, and the sender gets to read that', async (t) => {
  const running = await start(t);
  const big = webhookBody(running.clock(), { filler: 'x'.repeat(2 * 1024 * 1024) });
  assert.equal((await postWebhook(running, big)).status, 413);
  assert.equal(
    (await postWebhook(running, webhookBody(running.clock(), { filler: 'x'.repeat(1_000_000) }))).status,
    200,
  );
  assert.equal((await inboxRows(running.store)).length, 1);
});

test('a body over 1 MB is 413 when no length was given', async (t) => {
  const running = await start(t);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
    const request = httpRequest(`${running.url}/webhooks/mailgun`, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
    for (let n = 0; n < 20; n++) request.write('x'.repeat(100_000));
    request.end();
  });
  assert.equal(status, 413);
});

test('a length that promises too much is 413 at once; one that promises too little is not believed', async (t) => {
  const running = await start(t);
  const head = (length: number) =>
    `POST /webhooks/mailgun HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  assert.match(await speak(running.server.port, `${head(2_000_000)}{}`, /too|larger/), /^HTTP\/1.1 413 /);
  const body = webhookBody(running.clock());
  const heard = await speak(running.server.port, head(10) + body, /400 Bad Request/);
  assert.match(heard, /HTTP\/1.1 400 Bad Request/);
  assert.doesNotMatch(heard, /200/);
  assert.deepEqual(await inboxRows(running.store), []);
});

test('a sender that stops in the middle is hung up on, and nothing is stored', async (t) => {
  const limits = { patience: 100, look: 20 };
  const running = await start(t, { limits });
  const body = webhookBody(running.clock());
  const head = `POST /webhooks/mailgun HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const heard = await speak(running.server.port, head + body.slice(0, -1));
  assert.match(heard, /^(HTTP\/1.1 408 [\s\S]*)?$/);
  assert.deepEqual(await inboxRows(running.store), []);
  assert.equal((await postWebhook(running, body)).status, 200);
});

test('only POST, and only the exact path', async (t) => {
  const running = await start(t);
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD']) {
    const reply = await ask(`${running.url}/webhooks/mailgun`, { method });
    assert.equal(reply.status, 405, method);
    assert.equal(reply.headers.get('allow'), 'POST');
  }
  for (const path of [
    '/webhooks',
    '/webhooks/mailgun/',
    '//webhooks/mailgun',
    '/webhooks/mailgun;x',
    '/webhooks/MAILGUN',
  ]) {
    const reply = await ask(running.url + path, { method: 'POST', body: webhookBody(running.clock()) });
    assert.equal(reply.status, 404, path);
  }
});

test('what can not be stored is 503 and not acknowledged, and is taken when Mailgun comes again', async (t) => {
  let broken = true;
  const running = await start(t, {
    keep: async (arrivals) => {
      if (broken) throw new Error('the disk is full');
      await keep(running.store, arrivals);
    },
  });
  const body = webhookBody(running.clock());
  const refused = await postWebhook(running, body);
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal(running.rings(), 0);
  assert.match(running.logged(), /the disk is full/);
  broken = false;
  assert.equal((await postWebhook(running, body)).status, 200);
  assert.equal((await inboxRows(running.store)).length, 1);
});

test('while another process has the database locked a webhook is 503 in time, and its event is kept once', async (t) => {
  const running = await start(t, { patience: 300 });
  const other = openStore(running.database);
  const lock = await other.db.transaction();
  const body = webhookBody(running.clock());
  const refused = await postWebhook(running, body);
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  await lock.rollback();
  await other.close();
  assert.equal((await postWebhook(running, body)).status, 200);
  assert.equal((await inboxRows(running.store)).length, 1);
});

test('a closed database is 503', async (t) => {
  const running = await start(t);
  await running.store.close();
  assert.equal((await postWebhook(running, webhookBody(running.clock()))).status, 503);
});

test('200 comes after the commit and not before', async (t) => {
  let commit = (): void => {};
  const committed = new Promise<void>((resolve) => {
    commit = resolve;
  });
  const order: string[] = [];
  let reached = (): void => {};
  const asked = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const running = await start(t, {
    keep: async () => {
      reached();
      await committed;
      order.push('committed');
    },
  });
  const reply = postWebhook(running, webhookBody(running.clock())).then((r) => order.push(String(r.status)));
  await asked;
  // Another request makes the whole round while the first waits for its commit.
  order.push(String((await ask(`${running.url}/healthz`)).status));
  order.push('commit');
  commit();
  await reply;
  assert.deepEqual(order, ['200', 'commit', 'committed', '200']);
});

test('a hundred events that come together are a few commits', async (t) => {
  const batches: number[] = [];
  const running = await start(t, {
    keep: async (arrivals: readonly Arrival[]) => {
      batches.push(arrivals.length);
      await keep(running.store, arrivals);
    },
  });
  const replies = await Promise.all(
    Array.from({ length: 100 }, () => postWebhook(running, webhookBody(running.clock()))),
  );
  assert.ok(replies.every((r) => r.status === 200));
  assert.equal((await inboxRows(running.store)).length, 100);
  assert.ok(batches.length <= 25, `${batches.length} commits`);
  assert.equal(running.rings(), batches.length);
});

test('when too much waits for the database, more is refused and the process stays up', async (t) => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  // An eighth of it is for small bodies of senders without a token: twenty of these and no more.
  const running = await start(t, { keep: () => released, limits: { memory: 8_400_000 } });
  const filler = 'x'.repeat(50_000);
  const replies: Reply[] = [];
  let refused = (): void => {};
  const full = new Promise<void>((resolve) => {
    refused = resolve;
  });
  const all = Array.from({ length: 30 }, async () => {
    replies.push(await postWebhook(running, webhookBody(running.clock(), { filler })));
    if (replies.length === 10) refused();
  });
  await full;
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([503]));
  assert.ok(replies.every(({ headers }) => Number(headers.get('retry-after')) > 0));
  release();
  await Promise.all(all);
  assert.equal(replies.filter(({ status }) => status === 200).length, 20);
  assert.equal((await postWebhook(running, webhookBody(running.clock()))).status, 200);
});

test('when one webhook after the other is stale, and no other comes between, that is told', async (t) => {
  const told: number[] = [];
  const running = await start(t, { onStale: (signedAt) => void told.push(signedAt) });
  const old = () => webhookBody(running.clock() - 25 * HOUR);
  for (const body of [old(), old(), webhookBody(running.clock()), old(), old()]) await postWebhook(running, body);
  assert.deepEqual(told, []);
  await postWebhook(running, old());
  assert.deepEqual(told, [running.clock() - 25 * HOUR]);
});

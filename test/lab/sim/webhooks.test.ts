import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { GREYLISTED } from '../../../src/lab/campaign/outcomes.ts';
import { BLOCKED_IP } from '../../../src/lab/sim/fates.ts';
import { call, DOMAIN, NOON, send, startByHand, startReceiver } from './support.ts';

test('webhooks are signed over time and token, with a fresh token of 50 hex digits for each event', async (t) => {
  const receiver = await startReceiver(t);
  const { sim } = await startByHand(t, { webhookUrl: receiver.url });
  await send(sim);
  await sim.runDue();
  assert.deepEqual(receiver.names(), ['accepted', 'delivered']);
  for (const { body, headers } of receiver.received) {
    const { timestamp, token, signature } = body.signature;
    assert.equal(timestamp, String(NOON / 1000));
    assert.match(token, /^[0-9a-f]{50}$/);
    assert.equal(
      signature,
      createHmac('sha256', 'sign-test')
        .update(timestamp + token)
        .digest('hex'),
    );
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['user-agent'], 'Go-http-client/1.1');
  }
  assert.notEqual(receiver.received[0]?.body.signature.token, receiver.received[1]?.body.signature.token);
  assert.deepEqual(receiver.received[1]?.body['event-data'], sim.events()[1]);
});

test('anything but 200 and 406 is tried again after 5, 10, 15 min, 1, 2, 4 h with the very same signature', async (t) => {
  const receiver = await startReceiver(t, [500, 204, 404, 301, 503, 401, 500]);
  const { sim, hand } = await startByHand(t, { webhookUrl: receiver.url });
  sim.fate('ann@example.net', 'silence');
  await send(sim);
  const tries: number[] = [];
  for (let at: number | null = NOON; at !== null; at = sim.nextDueAt()) {
    hand.now = at;
    tries.push(at);
    await sim.runDue();
  }
  const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
  assert.deepEqual(waits, [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR]);
  assert.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 1);
  assert.deepEqual(
    sim.webhooks.map((post) => [post.attempt, post.answer]),
    [
      [1, 500],
      [2, 204],
      [3, 404],
      [4, 301],
      [5, 503],
      [6, 401],
      [7, 500],
    ],
  );
});

test('406 ends it at once, and so does 200', async (t) => {
  const receiver = await startReceiver(t, [406]);
  const { sim } = await startByHand(t, { webhookUrl: receiver.url });
  sim.fate('ann@example.net', BLOCKED_IP);
  await send(sim);
  await sim.runDue();
  assert.equal(sim.nextDueAt(), null);
  assert.deepEqual(
    sim.webhooks.map((post) => [post.name, post.answer]),
    [
      ['accepted', 406],
      ['permanent_fail', 200],
    ],
  );
});

test('a delivered webhook that was refused is lost, unless the quirk says otherwise', async (t) => {
  for (const webhookRetriesAll of [false, true]) {
    const receiver = await startReceiver(t, [200, 500]);
    const { sim } = await startByHand(t, {
      webhookUrl: receiver.url,
      quirks: { webhookRetriesAll, webhookRetryScale: 0.1 },
    });
    await send(sim);
    await sim.runDue();
    assert.equal(sim.nextDueAt(), webhookRetriesAll ? NOON + 0.5 * MINUTE : null);
  }
});

test('no answer counts as a failure: refused connections and receivers that hang', async (t) => {
  const receiver = await startReceiver(t, ['hang']);
  const { sim } = await startByHand(t, { webhookUrl: receiver.url, quirks: { webhookTimeout: 30 } });
  sim.fate('ann@example.net', 'silence');
  await send(sim);
  await sim.runDue();
  sim.setWebhook('http://127.0.0.1:1/nobody');
  await send(sim);
  await sim.runDue();
  assert.deepEqual(
    sim.webhooks.map((post) => post.answer),
    ['no answer', 'no answer'],
  );
  assert.equal(sim.nextDueAt(), NOON + 5 * MINUTE);
});

test('failed comes under two subscriptions by severity; rejected is not to be had', async (t) => {
  const receiver = await startReceiver(t);
  const { sim } = await startByHand(t, { webhookUrl: receiver.url });
  sim.fate('ann@example.net', { defer: GREYLISTED, next: 'silence' });
  sim.fate('bee@example.net', 'reject');
  await send(sim);
  await send(sim, { to: 'bee@example.net' });
  await sim.runDue();
  assert.deepEqual(
    sim.webhooks.map((post) => post.name),
    ['accepted', 'temporary_fail'],
  );
  assert.deepEqual(receiver.names(), ['accepted', 'failed']);
});

test('a URL registered through the API gets the events it asked for, once even when registered twice', async (t) => {
  const [receiver, other] = [await startReceiver(t), await startReceiver(t)];
  const { sim } = await startByHand(t, { webhookUrl: receiver.url });
  await call(sim, 'POST', `/v3/domains/${DOMAIN}/webhooks`, { id: 'delivered', url: [receiver.url, other.url] });
  await send(sim);
  await sim.runDue();
  assert.deepEqual(receiver.names(), ['accepted', 'delivered']);
  assert.deepEqual(other.names(), ['delivered']);
});

test('webhooks can be lost, and the log says which', async (t) => {
  const receiver = await startReceiver(t);
  const { sim } = await startByHand(t, {
    webhookUrl: receiver.url,
    quirks: { lose: (event) => event.event === 'delivered' },
  });
  await send(sim);
  await sim.runDue();
  assert.deepEqual(receiver.names(), ['accepted']);
  assert.deepEqual(sim.webhooks.map((post) => [post.name, post.answer]).sort(), [
    ['accepted', 200],
    ['delivered', 'lost'],
  ]);
});

test('webhooks can be repeated with one signature, and shuffled the same way for the same seed', async (t) => {
  const orders: string[] = [];
  for (const seed of [7, 7, 8]) {
    const receiver = await startReceiver(t);
    const { sim, hand } = await startByHand(t, {
      webhookUrl: receiver.url,
      quirks: { repeat: 3, shuffle: { seed, within: MINUTE } },
    });
    for (const name of ['ann', 'bee', 'cat']) await send(sim, { to: `${name}@example.net` });
    hand.now += MINUTE;
    await sim.runDue();
    assert.equal(receiver.received.length, 18);
    assert.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 6);
    orders.push(
      receiver.received.map(({ body }) => `${body['event-data'].event} ${body['event-data'].recipient}`).join(),
    );
  }
  assert.equal(orders[0], orders[1]);
  assert.notEqual(orders[0], orders[2]);
});

test('a shuffle without delay still changes the order', async (t) => {
  const receiver = await startReceiver(t);
  const { sim } = await startByHand(t, { webhookUrl: receiver.url, quirks: { shuffle: { seed: 1, within: 0 } } });
  const recipients = Array.from({ length: 20 }, (_, n) => `u${n}@example.net`);
  for (const recipient of recipients) sim.fate(recipient, 'silence');
  await send(sim, { to: recipients });
  await sim.runDue();
  const order = receiver.received.map(({ body }) => body['event-data'].recipient);
  assert.notDeepEqual(order, recipients);
  assert.deepEqual([...order].sort(), [...recipients].sort());
});

test('webhooks can arrive before the API has answered', async (t) => {
  const receiver = await startReceiver(t);
  const { sim } = await startByHand(t, { webhookUrl: receiver.url, quirks: { webhookBeforeAnswer: true } });
  sim.fate('ann@example.net', BLOCKED_IP);
  await send(sim);
  assert.deepEqual(receiver.names(), ['accepted', 'failed']);
});

test('by timers the answer comes first', async (t) => {
  const receiver = await startReceiver(t);
  const { sim } = await startByHand(t, { drive: 'timers', clock: Date.now, webhookUrl: receiver.url });
  await send(sim);
  assert.deepEqual(receiver.names(), []);
  while (sim.webhooks.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(receiver.names(), ['accepted', 'delivered']);
});

test('a latency holds webhooks back, not events', async (t) => {
  const { sim } = await startByHand(t, { webhookUrl: 'http://127.0.0.1:1/', quirks: { webhookLatency: MINUTE } });
  sim.fate('ann@example.net', 'silence');
  await send(sim);
  assert.equal(sim.nextDueAt(), NOON + MINUTE);
  assert.equal(sim.events().length, 1);
});

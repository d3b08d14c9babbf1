import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR } from '../../../src/core/time.ts';
import type { SimMailgun } from '../../../src/lab/sim/mailgun.ts';
import { call, DOMAIN, eventNames, MAIL, NOON, send, startByHand } from './support.ts';

const storageUrlOf = (sim: SimMailgun, index = 0): string => sim.events()[index]?.storage?.url ?? '';

test('every event names the storage URL, whose key ends in ==, encoded in the path or not', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim);
  const url = storageUrlOf(sim);
  assert.match(url, new RegExp(`^${sim.url}/v3/domains/${DOMAIN}/messages/[\\w-]+==$`));
  assert.equal((await call(sim, 'GET', url)).status, 200);
  assert.equal((await call(sim, 'GET', url.replaceAll('=', '%3D'))).status, 200);
});

test('a stored message reads as JSON, with keys that differ by case only', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim, { html: '<p>A word.</p>' });
  const { body } = await call(sim, 'GET', storageUrlOf(sim));
  assert.equal(body['Subject'], 'Hello');
  assert.equal(body['subject'], 'Hello');
  assert.deepEqual([body['From'], body['from']], ['App <app@mg.example.com>', 'App <app@mg.example.com>']);
  assert.deepEqual([body['sender'], body['recipients']], ['app@mg.example.com', 'ann@example.net']);
  assert.deepEqual([body['body-plain'], body['body-html']], ['A word.', '<p>A word.</p>']);
  const headers = body['message-headers'];
  assert.ok(
    Array.isArray(headers) &&
      headers.some((header) => Array.isArray(header) && header[0] === 'Subject' && header[1] === 'Hello'),
  );
});

test('a stored message tells of its attachments by name, size and address', async (t) => {
  const { sim } = await startByHand(t);
  const form = new FormData();
  for (const [name, value] of Object.entries(MAIL)) form.set(name, value);
  form.set('attachment', new Blob(['a,b'], { type: 'text/csv' }), 'list.csv');
  await call(sim, 'POST', `/v3/${DOMAIN}/messages`, form);
  const { body } = await call(sim, 'GET', storageUrlOf(sim));
  assert.deepEqual(body['attachments'], [
    { name: 'list.csv', 'content-type': 'text/csv', size: 3, url: `${storageUrlOf(sim)}/attachments/0` },
  ]);
});

test('asked for message/rfc2822 it is still JSON, with the mail in a string', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim);
  const { headers, body } = await call(sim, 'GET', storageUrlOf(sim), undefined, { accept: 'message/rfc2822' });
  assert.match(headers.get('content-type') ?? '', /json/);
  assert.match(String(body['body-mime']), /^Subject: Hello\r$/m);
  assert.deepEqual(Object.keys(body).sort(), ['body-mime', 'from', 'recipients', 'sender', 'subject']);
});

test('the stored copy is gone when the retention has passed', async (t) => {
  const { sim, hand } = await startByHand(t, { retention: HOUR });
  await send(sim);
  hand.now += HOUR - 1;
  assert.equal((await call(sim, 'GET', storageUrlOf(sim))).status, 200);
  hand.now += 1;
  for (const method of ['GET', 'POST']) {
    const { status, body } = await call(
      sim,
      method,
      storageUrlOf(sim),
      method === 'POST' ? { to: 'ann@example.net' } : undefined,
    );
    assert.deepEqual([status, body], [404, { message: 'Message not found' }]);
  }
});

test('a stored message is not to be had under another domain', async (t) => {
  const { sim } = await startByHand(t, { domains: [DOMAIN, 'two.example.com'] });
  await send(sim);
  assert.equal((await call(sim, 'GET', storageUrlOf(sim).replace(DOMAIN, 'two.example.com'))).status, 404);
});

test('a re-post goes to whom `to` says, with the original mail, under a new key', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim, { to: 'ann@example.net, bee@example.net', 'v:homing-id': 'd1' });
  await sim.runDue();
  const { status, body } = await call(sim, 'POST', storageUrlOf(sim), { to: 'bee@example.net' });
  assert.deepEqual([status, body['message']], [200, 'Queued. Thank you.']);
  await sim.runDue();
  assert.deepEqual([sim.copies('ann@example.net'), sim.copies('bee@example.net')], [1, 2]);
  assert.match(sim.inboxOf('bee@example.net')[1]?.mime ?? '', /^To: ann@example\.net, bee@example\.net\r$/m);
  const [, , repost] = sim.handovers;
  assert.equal(repost?.kind, 'repost');
  assert.notEqual(repost?.storageKey, sim.handovers[0]?.storageKey);
  assert.deepEqual(repost?.variables, { 'homing-id': 'd1' });
});

test('a re-post needs a recipient', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim);
  assert.equal((await call(sim, 'POST', storageUrlOf(sim), { 'o:deliverytime': 'x' })).status, 400);
});

for (const repostId of ['same', 'new'] as const) {
  test(`a re-post answers and carries the ${repostId} id, as the quirk says`, async (t) => {
    const { sim } = await startByHand(t, { quirks: { repostId } });
    const sent = await send(sim, { 'h:Message-Id': '<mine@mg.example.com>' });
    const reposted = await call(sim, 'POST', storageUrlOf(sim), { to: 'ann@example.net' });
    assert.equal(reposted.body['id'] === sent.body['id'], repostId === 'same');
    await sim.runDue();
    const [, second] = sim.inboxOf('ann@example.net');
    assert.equal(`<${second?.messageId}>`, reposted.body['id']);
    assert.ok(second?.mime.includes(`Message-Id: ${reposted.body['id']}\r\n`));
  });
}

test('a re-post loses the variables where the quirk says so', async (t) => {
  const { sim } = await startByHand(t, { quirks: { repostKeepsVariables: false } });
  await send(sim, { 'v:homing-id': 'd1' });
  await call(sim, 'POST', storageUrlOf(sim), { to: 'ann@example.net' });
  await sim.runDue();
  assert.deepEqual(
    sim.events().map((event) => event['user-variables']),
    [{ 'homing-id': 'd1' }, {}, { 'homing-id': 'd1' }, {}],
  );
  assert.doesNotMatch(sim.inboxOf('ann@example.net')[1]?.mime ?? '', /X-Mailgun-Variables/);
});

for (const honoursDeliveryTime of [true, false]) {
  test(`the delivery time of a re-post is ${honoursDeliveryTime ? 'kept to' : 'ignored'}, as the quirk says`, async (t) => {
    const { sim, hand } = await startByHand(t, { quirks: { honoursDeliveryTime } });
    await send(sim);
    await sim.runDue();
    const when = { to: 'ann@example.net', 'o:deliverytime': new Date(NOON + HOUR).toUTCString() };
    assert.equal((await call(sim, 'POST', storageUrlOf(sim), when)).status, 200);
    assert.equal(sim.handovers[1]?.deliverAt, NOON + HOUR);
    await sim.runDue();
    assert.equal(sim.copies('ann@example.net'), honoursDeliveryTime ? 1 : 2);
    hand.now += HOUR;
    await sim.runDue();
    assert.equal(sim.inboxOf('ann@example.net')[1]?.at, honoursDeliveryTime ? NOON + HOUR : NOON);
  });
}

for (const storageHostAnswers of [400, 404] as const) {
  test(`the storage host refuses with ${storageHostAnswers} while the API base works`, async (t) => {
    const { sim } = await startByHand(t, { storagePort: 'own', quirks: { storageHostAnswers } });
    await send(sim);
    const url = storageUrlOf(sim);
    assert.notEqual(new URL(url).port, new URL(sim.url).port);
    for (const method of ['GET', 'POST']) {
      const form = method === 'POST' ? { to: 'ann@example.net' } : undefined;
      assert.equal((await call(sim, method, url, form)).status, storageHostAnswers);
      assert.equal((await call(sim, method, new URL(url).pathname, form)).status, 200);
    }
    assert.deepEqual(eventNames(sim), ['accepted', 'accepted']);
    sim.quirks.storageHostAnswers = 'ok';
    assert.equal((await call(sim, 'GET', url)).status, 200);
  });
}

test('the storage URL may name a host that is not to be trusted', async (t) => {
  const { sim } = await startByHand(t, { storageHost: 'mailgun.net.evil.example' });
  await send(sim);
  assert.equal(new URL(storageUrlOf(sim)).hostname, 'mailgun.net.evil.example');
});

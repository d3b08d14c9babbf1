import assert from 'node:assert/strict';
import { test } from 'node:test';
import Mailgun from 'mailgun.js';
import { MINUTE } from '../../../src/core/time.ts';
import { BLOCKED_IP, NO_SUCH_USER } from '../../../src/lab/sim/fates.ts';
import type { SimMailgun } from '../../../src/lab/sim/mailgun.ts';
import { DOMAIN, MAIL, NOON, startByHand } from './support.ts';

// Mailgun's own client as an outside judge of the shapes.
const clientOf = (sim: SimMailgun, key = 'key-test') =>
  new Mailgun(globalThis.FormData).client({ username: 'api', key, url: sim.url, timeout: 5000 });

test('messages.create sends parts and ready mails', async (t) => {
  const { sim } = await startByHand(t);
  const client = clientOf(sim);
  const sent = await client.messages.create(DOMAIN, { ...MAIL, 'v:homing-id': 'd1', 'o:testmode': false });
  assert.equal(sent.status, 200);
  assert.match(sent.id ?? '', /^<.+>$/);
  const raw = Buffer.from('From: a@mg.example.com\r\nMessage-Id: <raw@mg.example.com>\r\nSubject: Raw\r\n\r\nbody\r\n');
  const mime = await client.messages.create(DOMAIN, { to: 'bee@example.net', message: raw });
  assert.equal(mime.id, '<raw@mg.example.com>');
  await sim.runDue();
  assert.deepEqual([sim.copies('ann@example.net'), sim.copies('bee@example.net')], [1, 1]);
});

test('a refused key and a refused message are its API errors', async (t) => {
  const { sim } = await startByHand(t);
  await assert.rejects(clientOf(sim, 'wrong').messages.create(DOMAIN, MAIL), { status: 401, details: 'Forbidden' });
  await assert.rejects(clientOf(sim).messages.create(DOMAIN, { ...MAIL, to: 'nobody' }), {
    status: 400,
    details: 'to parameter is not a valid address. please check documentation',
  });
});

test('events.get walks the pages', async (t) => {
  const { sim } = await startByHand(t);
  t.mock.method(console, 'warn', () => undefined); // the client calls this API deprecated, each time
  const client = clientOf(sim);
  sim.fate('ann@example.net', BLOCKED_IP);
  await client.messages.create(DOMAIN, MAIL);
  await sim.runDue();
  const first = await client.events.get(DOMAIN, { ascending: 'yes', limit: 1 });
  assert.deepEqual(
    first.items.map((item) => item.event),
    ['accepted'],
  );
  const second = await client.events.get(DOMAIN, { page: first.pages.next.page });
  assert.deepEqual(
    second.items.map((item) => [item.event, item.severity]),
    [['failed', 'permanent']],
  );
  const third = await client.events.get(DOMAIN, { page: second.pages.next.page });
  assert.deepEqual(third.items, []);
});

test('logs.list shows the same events in the other shape', async (t) => {
  const { sim, hand } = await startByHand(t, { domains: [DOMAIN, 'two.example.com'] });
  const client = clientOf(sim);
  sim.fate('ann@example.net', BLOCKED_IP);
  await client.messages.create(DOMAIN, { ...MAIL, 'v:homing-id': 'd1', 'h:Message-Id': '<m@mg.example.com>' });
  await client.messages.create('two.example.com', { ...MAIL, to: 'bee@example.net' });
  await sim.runDue();
  hand.now += MINUTE;
  const by = (attribute: string, value: string) => ({ attribute, comparator: '=', values: [{ label: value, value }] });
  const query = {
    start: new Date(NOON - MINUTE),
    end: new Date(NOON + MINUTE),
    pagination: { sort: 'timestamp:asc', limit: 10 },
  };
  const all = await client.logs.list(query);
  assert.equal(all.items.length, 4);
  const failed = await client.logs.list({
    ...query,
    events: ['failed'],
    filter: { AND: [by('domain', DOMAIN), by('message_id', 'm@mg.example.com')] },
  });
  const [item] = failed.items;
  assert.equal(failed.items.length, 1);
  assert.deepEqual(item?.['@timestamp'], new Date(NOON));
  assert.equal(item?.['user-variables'], '{"homing-id":"d1"}');
  assert.ok(Array.isArray(item?.storage?.url) && item.storage.url[0]?.startsWith(sim.url));
  assert.deepEqual(
    [item?.severity, item?.reason, item?.['delivery-status']?.['bounce-type']],
    ['permanent', 'espblock', 'soft'],
  );
  assert.equal('timestamp' in (item ?? {}), false);
  sim.quirks.sparseLogs = true;
  const [bare] = (await client.logs.list({ ...query, events: ['failed'] })).items;
  for (const name of ['severity', 'reason', 'storage', 'message']) assert.equal(name in (bare ?? {}), false);
});

test('logs.list pages by token', async (t) => {
  const { sim } = await startByHand(t);
  const client = clientOf(sim);
  await client.messages.create(DOMAIN, { ...MAIL, to: ['a@example.net', 'b@example.net', 'c@example.net'] });
  const range = { start: new Date(NOON - MINUTE), end: new Date(NOON + MINUTE) };
  const sizes: number[] = [];
  let token: string | undefined;
  do {
    const page = await client.logs.list({
      ...range,
      pagination: { sort: 'timestamp:asc', limit: 2, ...(token === undefined ? {} : { token }) },
    });
    sizes.push(page.items.length);
    token = page.pagination.next;
  } while (sizes.at(-1) !== 0);
  assert.deepEqual(sizes, [2, 1, 0]);
});

test('suppressions are listed, read, added and removed in its words', async (t) => {
  const { sim } = await startByHand(t);
  const client = clientOf(sim);
  sim.fate('ann@example.net', NO_SUCH_USER);
  await client.messages.create(DOMAIN, MAIL);
  await sim.runDue();
  const found = await client.suppressions.get(DOMAIN, 'bounces', 'ann@example.net');
  assert.deepEqual(
    { ...found, created_at: null, type: null },
    {
      type: null,
      address: 'ann@example.net',
      code: 550,
      error: '5.1.1 The mailbox that you wrote to does not exist here',
      created_at: null,
    },
  );
  await client.suppressions.create(DOMAIN, 'bounces', [
    { address: 'bee@example.net' },
    { address: 'a+b@example.net', code: 777 },
  ]);
  const listed = await client.suppressions.list(DOMAIN, 'bounces', { limit: 2 });
  assert.deepEqual(
    listed.items.map((item) => ('address' in item ? item.address : '')),
    ['a+b@example.net', 'ann@example.net'],
  );
  const rest = await client.suppressions.list(DOMAIN, 'bounces', { page: listed.pages.next.page });
  assert.deepEqual(
    rest.items.map((item) => ('address' in item ? item.address : '')),
    ['bee@example.net'],
  );
  const removed = await client.suppressions.destroy(DOMAIN, 'bounces', 'ann@example.net');
  assert.deepEqual(
    [removed.message, removed.address, removed.status],
    ['Bounced address has been removed', 'ann@example.net', 200],
  );
  await client.suppressions.destroy(DOMAIN, 'bounces', 'a+b@example.net');
  for (const [list, details] of [
    ['bounces', 'Address not found in bounces table'],
    ['complaints', 'No spam complaints found for this address'],
    ['unsubscribes', 'Address not found in unsubscribers table'],
  ] as const) {
    await assert.rejects(client.suppressions.get(DOMAIN, list, 'ann@example.net'), { status: 404, details });
    await assert.rejects(client.suppressions.destroy(DOMAIN, list, 'ann@example.net'), { status: 404, details });
  }
});

test('domains and webhooks read as the client expects', async (t) => {
  const { sim } = await startByHand(t);
  const client = clientOf(sim);
  const domain = await client.domains.get(DOMAIN);
  assert.deepEqual([domain.name, domain.state, domain.is_disabled], [DOMAIN, 'active', false]);
  const made = await client.webhooks.create(DOMAIN, 'delivered', 'http://127.0.0.1:1/hook', false);
  assert.deepEqual('urls' in made && made.urls, ['http://127.0.0.1:1/hook']);
  const all = await client.webhooks.list(DOMAIN, {});
  assert.deepEqual(all['delivered']?.urls, ['http://127.0.0.1:1/hook']);
  assert.equal((await client.webhooks.destroy(DOMAIN, 'delivered')).id, 'delivered');
  assert.equal((await client.webhooks.list(DOMAIN, {}))['delivered'], null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DAY } from '../../../src/core/time.ts';
import { startSimMailgun } from '../../../src/lab/sim/mailgun.ts';
import { call, DOMAIN, eventNames, MAIL, NOON, send, startByHand } from './support.ts';

test('a send is answered with an id in angle brackets, and the mail arrives when its time has come', async (t) => {
  const { sim } = await startByHand(t);
  const { status, body } = await send(sim, { from: 'app@example.org' });
  assert.equal(status, 200);
  assert.match(String(body['id']), /^<[^<>@]+@mg\.example\.com>$/);
  assert.equal(body['message'], 'Queued. Thank you.');
  assert.deepEqual(eventNames(sim), ['accepted']);
  assert.equal(sim.copies('ann@example.net'), 0);
  await sim.runDue();
  assert.deepEqual(eventNames(sim), ['accepted', 'delivered']);
  assert.equal(sim.copies('ANN@example.net'), 1);
});

test('the id and the variables that the caller sets are kept, in the mail as well', async (t) => {
  const { sim } = await startByHand(t);
  const sent = await send(sim, {
    'h:Message-Id': '<mine@mg.example.com>',
    'v:homing-id': 'd1',
    'v:word': 'é',
    bcc: 'cat@example.net',
  });
  assert.equal(sent.body['id'], '<mine@mg.example.com>');
  await sim.runDue();
  const mime = sim.inboxOf('ann@example.net')[0]?.mime ?? '';
  assert.match(mime, /^Message-I[dD]: <mine@mg\.example\.com>\r$/m);
  assert.match(mime, /^X-Mailgun-Variables: \{"homing-id":"d1","word":"\\u00e9"\}\r$/m);
  assert.match(mime, /^Subject: Hello\r$/m);
  assert.doesNotMatch(mime, /^bcc/im);
  assert.equal(sim.copies('cat@example.net'), 1);
  assert.deepEqual(sim.handovers[0]?.variables, { 'homing-id': 'd1', word: 'é' });
  assert.deepEqual(sim.events()[0]?.['user-variables'], { 'homing-id': 'd1', word: 'é' });
});

test('a mail is dated when it was sent', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim);
  await sim.runDue();
  assert.match(sim.inboxOf('ann@example.net')[0]?.mime ?? '', /^Date: Wed, 25 Nov 2026 12:00:00 \+0000\r$/m);
});

test('where the domain says how long it keeps mail, no delivery time may lie beyond that', async (t) => {
  const { sim } = await startByHand(t, { retention: 7 * DAY });
  const sendAt = async (at: number) => (await send(sim, { 'o:deliverytime': new Date(at).toUTCString() })).status;
  assert.deepEqual([await sendAt(NOON + 7 * DAY), await sendAt(NOON + 7 * DAY + 1000)], [200, 400]);
});

test('repeated and comma-separated recipients are each handed over once', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim, {
    to: ['"Bee, B" <bee@example.net>, ann@example.net', 'ann@example.net'],
    cc: 'cat@example.net, ann@example.net',
  });
  assert.deepEqual(
    sim.handovers.map((handover) => handover.recipient),
    ['bee@example.net', 'ann@example.net', 'cat@example.net'],
  );
});

const REFUSED: [string, Record<string, string | string[]>, RegExp][] = [
  ['no sender', { from: '' }, /from parameter is missing/],
  ['no recipient', { to: '' }, /to parameter is missing/],
  ['a recipient that is no address', { to: 'nobody' }, /to parameter is not a valid address/],
  [
    'more than a thousand recipients',
    { to: Array.from({ length: 1001 }, (_, n) => `u${n}@example.net`) },
    /1000 recipients/,
  ],
  ['an ISO date', { 'o:deliverytime': '2026-11-25T13:00:00Z' }, /o:deliverytime/],
  ['a date beyond the horizon', { 'o:deliverytime': new Date(NOON + 4 * 86_400_000).toUTCString() }, /too far/],
  ['options above 16 KB', { 'v:much': 'x'.repeat(16_400) }, /16 KB/],
  ['options above 16 KB in bytes, not in characters', { 'v:much': 'é'.repeat(8200) }, /16 KB/],
  ['html and a template', { html: '<p>', template: 'hello' }, /can not be used together/],
];
for (const [what, fields, words] of REFUSED) {
  test(`${what}: 400 and nothing is taken`, async (t) => {
    const { sim } = await startByHand(t);
    const { status, body } = await send(sim, fields);
    assert.equal(status, 400);
    assert.match(String(body['message']), words);
    assert.equal(sim.handovers.length, 0);
  });
}

test('a mail without any content is refused', async (t) => {
  const { sim } = await startByHand(t);
  const { status, body } = await call(sim, 'POST', `/v3/${DOMAIN}/messages`, { from: MAIL.from, to: MAIL.to });
  assert.equal(status, 400);
  assert.match(String(body['message']), /Need at least one of/);
});

test('an unknown domain is 404, a wrong key 401 in plain text, a wrong base path a 200 that is no answer', async (t) => {
  const { sim } = await startByHand(t);
  const domain = await call(sim, 'POST', '/v3/other.example.com/messages', MAIL);
  assert.deepEqual([domain.status, domain.body['message']], [404, 'Domain not found: other.example.com']);
  const key = await call(sim, 'POST', `/v3/${DOMAIN}/messages`, MAIL, { authorization: 'Basic YXBpOm5v' });
  assert.deepEqual(
    [key.status, key.text, key.headers.get('content-type')],
    [401, 'Forbidden', 'text/plain; charset=utf-8'],
  );
  const path = await call(sim, 'POST', `/api/v3/${DOMAIN}/messages`, MAIL);
  assert.deepEqual([path.status, path.text], [200, 'Mailgun Magnificent API']);
});

test('a sending key sends, and may do nothing else', async (t) => {
  const { sim } = await startByHand(t, { sendingKey: 'send-only' });
  const headers = { authorization: `Basic ${Buffer.from('api:send-only').toString('base64')}` };
  assert.equal((await call(sim, 'POST', `/v3/${DOMAIN}/messages`, MAIL, headers)).status, 200);
  assert.equal((await call(sim, 'GET', `/v3/${DOMAIN}/events`, undefined, headers)).status, 401);
});

test('a ready mail is taken as a file only, with its own id, variables and headers, and without its Bcc', async (t) => {
  const { sim } = await startByHand(t);
  const raw = [
    'From: App <app@mg.example.com>',
    'To: Ann <ann@example.net>',
    'Bcc: secret@example.net',
    'Subject: Ready',
    'Message-ID: <ready@mg.example.com>',
    'X-Mailgun-Variables: {"n": 18}',
    '',
    'body é',
    '',
  ].join('\r\n');
  const asText = await call(sim, 'POST', `/v3/${DOMAIN}/messages.mime`, { to: 'ann@example.net', message: raw });
  assert.equal(asText.status, 400);
  assert.match(String(asText.body['message']), /not a file/);
  const form = new FormData();
  form.set('to', 'ann@example.net');
  form.set('v:homing-id', 'd2');
  form.set('message', new Blob([raw]), 'mime');
  const sent = await call(sim, 'POST', `/v3/${DOMAIN}/messages.mime`, form);
  assert.equal(sent.body['id'], '<ready@mg.example.com>');
  await sim.runDue();
  const mime = sim.inboxOf('ann@example.net')[0]?.mime ?? '';
  assert.match(mime, /\r\n\r\nbody é\r\n$/);
  assert.doesNotMatch(mime, /secret/);
  assert.deepEqual(sim.handovers[0]?.variables, { n: 18, 'homing-id': 'd2' });
  assert.equal(sim.copies('secret@example.net'), 0);
});

test('headers that the caller sets go into a ready mail, in place of its own', async (t) => {
  const { sim } = await startByHand(t);
  const form = new FormData();
  form.set('to', 'ann@example.net');
  form.set('h:Reply-To', 'help@mg.example.com');
  form.set('h:X-Ours', 'yes');
  form.set('message', new Blob(['From: app@mg.example.com\r\nReply-To: app@mg.example.com\r\n\r\nbody\r\n']), 'mime');
  await call(sim, 'POST', `/v3/${DOMAIN}/messages.mime`, form);
  await sim.runDue();
  const mime = sim.inboxOf('ann@example.net')[0]?.mime ?? '';
  assert.deepEqual(mime.match(/^reply-to: .*$/gim), ['Reply-To: help@mg.example.com']);
  assert.match(mime, /^X-Ours: yes\r$/m);
});

test('attachments travel in a multipart form, gzipped or not', async (t) => {
  const { sim } = await startByHand(t);
  const form = new FormData();
  for (const [name, value] of Object.entries(MAIL)) form.set(name, value);
  form.set('attachment', new Blob(['a,b'], { type: 'text/csv' }), 'list.csv');
  const request = new Request('http://sim.invalid', { method: 'POST', body: form });
  const body = gzipSync(Buffer.from(await request.arrayBuffer()));
  const response = await fetch(`${sim.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    body,
    headers: {
      authorization: `Basic ${Buffer.from('api:key-test').toString('base64')}`,
      'content-type': request.headers.get('content-type') ?? '',
      'content-encoding': 'gzip',
    },
  });
  assert.equal(response.status, 200);
  assert.deepEqual(sim.events()[0]?.message?.['attachments'], [
    { filename: 'list.csv', 'content-type': 'text/csv', size: 3 },
  ]);
});

test('a body that is not what it says is refused', async (t) => {
  const { sim } = await startByHand(t);
  const headers = { 'content-type': 'multipart/form-data; boundary=none' };
  const seen = await call(sim, 'POST', `/v3/${DOMAIN}/messages`, { junk: 'x' }, headers);
  assert.deepEqual([seen.status, seen.body['message']], [400, 'the request body can not be read']);
});

for (const [how, text] of [
  ['as RFC 2822 with an offset', 'Wed, 25 Nov 2026 14:30:00 +0130'],
  ['as RFC 2822 in GMT', 'Wed, 25 Nov 2026 13:00:00 GMT'],
  ['as seconds since the epoch', String((NOON + 3_600_000) / 1000)],
] as const) {
  test(`a delivery time is kept to when given ${how}`, async (t) => {
    const { sim, hand } = await startByHand(t);
    await send(sim, { 'o:deliverytime': text });
    assert.equal(sim.nextDueAt(), NOON + 3_600_000);
    assert.equal(sim.events()[0]?.message?.['scheduled-for'], (NOON + 3_600_000) / 1000);
    hand.now = NOON + 3_599_999;
    await sim.runDue();
    assert.equal(sim.copies('ann@example.net'), 0);
    hand.now = NOON + 3_600_000;
    await sim.runDue();
    assert.equal(sim.inboxOf('ann@example.net')[0]?.at, NOON + 3_600_000);
  });
}

test('in test mode there are events and no mail', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim, { 'o:testmode': 'yes' });
  await sim.runDue();
  assert.deepEqual(eventNames(sim), ['accepted', 'delivered']);
  assert.equal(sim.copies('ann@example.net'), 0);
});

test('variables above 4 KB are a sentence in events, and whole in the mail', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim, { 'v:much': 'x'.repeat(5000) });
  assert.match(String(sim.events()[0]?.['user-variables']), /^Could not load user-variables/);
  await sim.runDue();
  assert.match(sim.inboxOf('ann@example.net')[0]?.mime ?? '', /x{5000}/);
});

test('without a clock of the test, timers do it all', async (t) => {
  const sim = await startSimMailgun({
    apiKey: 'key-test',
    signingKey: 's',
    domains: [DOMAIN],
    quirks: { deliveryLatency: 1 },
  });
  t.after(sim.close);
  await send(sim);
  while (sim.copies('ann@example.net') === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(eventNames(sim), ['accepted', 'delivered']);
});

test('every request is written down with its fields and the answer it got', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim, { to: ['ann@example.net', 'bee@example.net'] });
  const [request] = sim.requests;
  assert.deepEqual(
    [request?.method, request?.path, request?.status, request?.at],
    ['POST', `/v3/${DOMAIN}/messages`, 200, NOON],
  );
  assert.deepEqual(request?.fields['to'], ['ann@example.net', 'bee@example.net']);
});

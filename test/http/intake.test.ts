import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import Mailgun from 'mailgun.js';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { createHoming } from '../../src/index.ts';
import { DOMAIN, type Options, SIGNING_KEY, startByHand } from '../support/homing.ts';

const KEY = 'ab'.repeat(32);
const MAIL = {
  from: 'Shop <shop@mg.example.com>',
  to: 'ann@example.org',
  subject: 'Hello',
  text: 'Hi %recipient.name%',
};

async function setup(t: TestContext, options: Options = {}) {
  const homing = await startByHand(t, { ...options, env: { ENCRYPTION_KEY: KEY, ...options.env } });
  const client = new Mailgun(globalThis.FormData).client({ username: 'api', key: 'token', url: homing.url });
  return { ...homing, client };
}

const FORM = 'application/x-www-form-urlencoded';

const post = (
  url: string,
  init: { form?: Record<string, string>; headers?: Record<string, string>; token?: string; body?: Buffer | string },
) =>
  fetch(`${url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`api:${init.token ?? 'token'}`).toString('base64')}`,
      ...init.headers,
    },
    body: init.body ?? new URLSearchParams(init.form ?? MAIL),
  });

test("Mailgun's own client works with only its URL changed: the mail is queued, and the daemon sends it", async (t) => {
  const { client, play, clock, sim, views } = await setup(t);
  const answer = await client.messages.create(DOMAIN, {
    ...MAIL,
    to: ['Ann <ann@example.org>', 'bee@example.net'],
    cc: 'cid@example.com',
    bcc: 'dee@example.com',
    html: '<p>Hi</p>',
    attachment: { data: Buffer.from([0, 255, 10]), filename: 'a b.bin', contentType: 'application/x-test' },
    'o:tag': ['one', 'two'],
    'h:X-Own': 'yes',
    'v:order': '7',
  });
  assert.deepEqual([answer.status, answer.message], [200, 'Queued. Thank you.']);
  assert.deepEqual(
    (await views(String(answer.id))).map((v) => v.delivery.state),
    ['queued', 'queued', 'queued', 'queued'],
  );
  await play(clock() + MINUTE);
  for (const address of ['ann@example.org', 'bee@example.net', 'cid@example.com', 'dee@example.com'])
    assert.equal(sim.copies(address), 1, address);
  const [copy] = sim.inboxOf('dee@example.com');
  const raw = copy?.mime.toString() ?? '';
  assert.match(raw, /^To: Ann <ann@example.org>, bee@example.net\r$/m);
  assert.match(raw, /^Cc: cid@example.com\r$/m);
  assert.match(raw, /^X-Own: yes\r$/m);
  assert.doesNotMatch(raw, /dee@example/);
  assert.match(raw, /a b\.bin/);
  assert.match(raw, new RegExp(`^Message-I[dD]: ${answer.id}\r$`, 'm'));
  assert.deepEqual(
    (await views(String(answer.id))).map((v) => v.delivery.state),
    ['delivered', 'delivered', 'delivered', 'delivered'],
  );
});

test('a template and a batch go as they were given, in one call for all recipients', async (t) => {
  const { client, play, clock, sim } = await setup(t);
  const { text: _, ...templated } = MAIL;
  await client.messages.create(DOMAIN, {
    ...templated,
    to: 'ann@example.org, bee@example.net',
    template: 'welcome',
    't:variables': '{"a":1}',
  });
  await client.messages.create(DOMAIN, {
    ...MAIL,
    to: ['cid@example.com', 'dee@example.com'],
    'recipient-variables': '{"cid@example.com":{"name":"Cid"},"dee@example.com":{"name":"Dee"}}',
  });
  await play(clock() + MINUTE);
  const sent = sim.requests.filter((r) => r.path.endsWith('/messages')).map(({ fields }) => fields);
  assert.deepEqual(
    sent.map((f) => [f['to'], f['template'], f['t:variables'], f['recipient-variables']]),
    [
      [['ann@example.org, bee@example.net'], ['welcome'], ['{"a":1}'], undefined],
      [
        ['cid@example.com', 'dee@example.com'],
        undefined,
        undefined,
        ['{"cid@example.com":{"name":"Cid"},"dee@example.com":{"name":"Dee"}}'],
      ],
    ],
  );
  for (const name of ['ann@example.org', 'bee@example.net', 'cid@example.com', 'dee@example.com'])
    assert.equal(sim.copies(name), 1);
});

test('whom a mail is from is taken as mail clients write it, and from a ready message whatever stands beside it', async (t) => {
  const { url, client, play, clock, sim, store } = await setup(t);
  const authors = [
    'Shop, Inc. <shop@mg.example.com>',
    'shop@mg.example.com (Shop)',
    'Sh\u00f6p <shop@b\u00fccher.example>',
    'Shop <shop@our_shop.example>',
    'the..shop@mg.example.com',
  ];
  for (const from of authors) assert.equal((await post(url, { form: { ...MAIL, from } })).status, 200, from);
  await client.messages.create(DOMAIN, { to: MAIL.to, message: READY, from: 'Shop' });
  const late = {
    'o:deliverytime': new Date(clock() + 6.9 * DAY).toUTCString(),
    'o:deliverytime-optimize-period': '72h',
  };
  assert.equal((await post(url, { form: { ...MAIL, ...late } })).status, 200);
  const far = Buffer.concat([Buffer.from('X-Mailgun-Deliver-By: Fri, 04 Dec 2036 10:00:00 +0000\r\n'), READY]);
  await assert.rejects(client.messages.create(DOMAIN, { to: MAIL.to, message: far }), { status: 400 });
  await play(clock() + MINUTE);
  assert.equal(sim.copies(MAIL.to), authors.length + 1);
  assert.ok(await store.db('messages').where({ sender: 'shop@mg.example.com', subject: 'x' }).first());
});

test('a ready message is sent as it is', async (t) => {
  const { client, play, clock, sim } = await setup(t);
  const message = Buffer.from(
    'From: shop@mg.example.com\r\nTo: all@example.org\r\nMessage-Id: <own@mg.example.com>\r\nSubject: x\r\n\r\nbody\r\n',
  );
  const answer = await client.messages.create(DOMAIN, { to: 'ann@example.org', message });
  assert.equal(answer.id, '<own@mg.example.com>');
  await play(clock() + MINUTE);
  assert.match(sim.inboxOf('ann@example.org')[0]?.mime.toString() ?? '', /To: all@example.org[\s\S]*body/);
});

const readyBatch = (more: Record<string, unknown>) => ({
  to: ['ann@example.org', 'bee@example.net'],
  message: Buffer.from(
    'From: shop@mg.example.com\r\nTo: %recipient%\r\nSubject: Hi %recipient.name%\r\n\r\nYour code: %recipient.code%\r\n',
  ),
  ...more,
});
const VARIABLES = '{"ann@example.org":{"name":"Ann","code":1},"bee@example.net":{"name":"Bee","code":2}}';

test('the variables of a ready message, as a field or in the form of a header, and its template go to Mailgun', async (t) => {
  const { client, play, clock, sim } = await setup(t);
  for (const name of ['recipient-variables', 'h:X-Mailgun-Recipient-Variables'])
    await client.messages.create(DOMAIN, readyBatch({ [name]: VARIABLES, template: 'welcome', 't:version': '2' }));
  await play(clock() + MINUTE);
  const sent = sim.requests.filter((r) => r.path.endsWith('/messages.mime')).map(({ fields }) => fields);
  assert.deepEqual(
    sent.map((f) => [f['to']?.length, f['recipient-variables'], f['template'], f['t:version']]),
    Array.from({ length: 2 }, () => [2, [VARIABLES], ['welcome'], ['2']]),
  );
  await assert.rejects(client.messages.create(DOMAIN, readyBatch({ 'recipient-variables': '[' })), { status: 400 });
});

test('blank variables of recipients are none', async (t) => {
  const { url, client, play, clock, sim } = await setup(t);
  for (const blank of ['', ' ']) {
    await client.messages.create(DOMAIN, readyBatch({ 'recipient-variables': blank }));
    assert.equal((await post(url, { form: { ...MAIL, 'recipient-variables': blank } })).status, 200);
  }
  await play(clock() + MINUTE);
  const sent = sim.requests.filter((r) => /\/messages(?:\.mime)?$/.test(r.path));
  assert.deepEqual(
    sent.map(({ fields }) => fields['recipient-variables']),
    Array.from({ length: 4 }, () => undefined),
  );
});

test('while Mailgun is down, a ready message goes to each of a batch with the variables filled in', async (t) => {
  const { client, sim, sink, play, clock } = await setup(t);
  await sim.unplug();
  const access = { 'v:homing-class': 'access' };
  await client.messages.create(DOMAIN, readyBatch({ ...access, 'recipient-variables': VARIABLES }));
  await client.messages.create(DOMAIN, readyBatch({ ...access, to: 'cid@example.com', template: 'welcome' }));
  await play(clock() + 5 * MINUTE);
  for (const [to, name, code] of [
    ['ann@example.org', 'Ann', 1],
    ['bee@example.net', 'Bee', 2],
  ] as const) {
    const [mail, ...others] = sink.mails.filter((m) => m.to.includes(to));
    assert.equal(others.length, 0);
    assert.match(mail?.raw ?? '', new RegExp(`^To: ${to}\r\nSubject: Hi ${name}\r$`, 'm'));
    assert.ok(mail?.raw.includes(Buffer.from(`Your code: ${code}\r\n`).toString('base64')));
  }
  assert.ok(!sink.mails.some((m) => m.to.includes('cid@example.com')), 'Mailgun alone renders a template');
});

test('while Mailgun is down, the fallback sends what was composed here, with the variables filled in', async (t) => {
  const { client, sim, sink, play, clock } = await setup(t);
  await sim.unplug();
  await client.messages.create(DOMAIN, {
    ...MAIL,
    to: ['ann@example.org'],
    'v:homing-class': 'access',
    'recipient-variables': '{"ann@example.org":{"name":"Ann"}}',
  });
  await play(clock() + 5 * MINUTE);
  const mails = sink.mails.filter((m) => m.to.includes('ann@example.org'));
  assert.equal(mails.length, 1);
  assert.match(mails[0]?.raw ?? '', /Hi Ann/);
});

test('what a client writes as JSON in its variables is read as the text that it is', async (t) => {
  const { url, store } = await setup(t);
  const form = { ...MAIL, 'v:homing-class': '"access"', 'v:homing-key': '"reset:1"' };
  assert.equal((await post(url, { form })).status, 200);
  assert.deepEqual(await store.db('messages').select('class', 'message_key'), [
    { class: 'access', message_key: 'reset:1' },
  ]);
});

test('the same Idempotency-Key makes one message, however often and at once it is used', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const call = () => post(url, { headers: { 'idempotency-key': 'k1' } });
  const replies = await Promise.all(Array.from({ length: 20 }, call));
  const answers = await Promise.all(replies.map((reply) => reply.json()));
  assert.equal(new Set(answers.map((a) => JSON.stringify(a))).size, 1);
  const repeats = replies.filter((reply) => reply.headers.get('idempotent-replayed') === 'true');
  assert.equal(repeats.length, 19, 'all but the first say that they are repeats');
  const other = await post(url, { form: { ...MAIL, subject: 'Other' }, headers: { 'idempotency-key': 'k1' } });
  assert.equal(other.status, 422);
  await play(clock() + MINUTE);
  assert.equal(sim.copies('ann@example.org'), 1);
});

test('a message that says when it is worth nothing any more is not sent from then on', async (t) => {
  const { url, play, clock, sim, views, store } = await setup(t, { env: { SECONDARY_SMTP_URL: '' } });
  await sim.unplug();
  const form = { ...MAIL, 'v:homing-expires': '5m' };
  assert.equal((await post(url, { form })).status, 200);
  const [row] = await store.db('messages').select('id', 'policy');
  assert.equal(JSON.parse(row.policy).usefulLife, 5 * MINUTE);
  const begun = clock();
  await play(begun + DAY);
  assert.equal(sim.copies('ann@example.org'), 0);
  const [view] = await views(row.id);
  assert.ok(view?.endedAt && view.endedAt <= begun + 5 * MINUTE, `${view?.delivery.state} at ${view?.endedAt}`);
  const times = ['soon', '0s', '2026-11-25T12:00:00', new Date(clock() - MINUTE).toISOString()];
  for (const expires of times)
    assert.equal((await post(url, { form: { ...MAIL, 'v:homing-expires': expires } })).status, 400, expires);
  for (const expires of ['10m', String(clock() + DAY), String(Math.ceil(clock() / 1000) + 60)])
    assert.equal((await post(url, { form: { ...MAIL, 'v:homing-expires': expires } })).status, 200, expires);
});

test('mail whose sender names no class gets one by the rules of the operator', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'homing-classes-')), 'classes.json');
  t.after(() => rmSync(dirname(file), { recursive: true }));
  writeFileSync(file, JSON.stringify({ presets: ['reset'], classes: { access: { life: '7m' } } }));
  const { url, store } = await setup(t, { env: { HOMING_CLASSES: file } });
  const forms = [
    { ...MAIL, subject: 'Reset your password' },
    { ...MAIL, subject: 'Reset your password', 'v:homing-class': 'bulk' },
    { ...MAIL, 'o:tag': 'password-reset' },
    MAIL,
  ];
  for (const form of forms) assert.equal((await post(url, { form })).status, 200);
  const rows: { class: string; policy: string }[] = await store.db('messages').orderBy('id').select('class', 'policy');
  assert.deepEqual(
    rows.map((row) => row.class),
    ['access', 'bulk', 'access', 'notice'],
  );
  assert.equal(JSON.parse(rows[0]?.policy ?? '{}').usefulLife, 7 * MINUTE);
});

test('Mailgun is told how long a mail is worth delivering, where that is less than it would try', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const forms = [
    { 'v:homing-class': 'access' },
    { 'v:homing-class': 'access', 'o:deliver-within': '1h0m' },
    { 'v:homing-class': 'access', 'o:deliver-within': '90m' },
    { 'v:homing-class': 'access', 'o:deliver-within': '2h' },
    { 'v:homing-expires': '3m' },
    { 'v:homing-expires': '100m', to: 'ann@example.org, bee@example.net' },
    { 'v:homing-class': 'notice' },
  ];
  for (const form of forms) assert.equal((await post(url, { form: { ...MAIL, ...form } })).status, 200);
  await play(clock() + 2000);
  const said = sim.requests.filter((r) => r.method === 'POST').map(({ fields }) => fields['o:deliver-within']?.join());
  assert.deepEqual(said.sort(), ['0h15m', '0h5m', '1h0m', '1h30m', '1h40m', '2h0m', undefined]);
});

test('an answer has the headers that clients of Mailgun read', async (t) => {
  const { url, clock } = await setup(t);
  const { headers } = await post(url, {});
  assert.equal(Number(headers.get('x-ratelimit-remaining')) > 0, true);
  assert.equal(Number(headers.get('x-ratelimit-remaining')), Number(headers.get('x-ratelimit-limit')));
  assert.equal(Number(headers.get('x-ratelimit-reset')) > clock(), true, 'milliseconds');
  assert.equal(headers.get('idempotent-replayed'), null);
});

test('a Message-Id that another one chose before keeps no mail out, and nobody is sent the mail of another', async (t) => {
  const { url, play, clock, sim, sink } = await setup(t, { env: { API_TOKENS: 'token,other' } });
  const named = { ...MAIL, text: 'for Ann', 'h:Message-Id': '<chosen@mg.example.com>' };
  assert.equal((await post(url, { form: named })).status, 200);
  const people = ['bee@example.net', 'cid@example.net', 'dee@example.net', 'eve@example.net'];
  const calls = people.map((to, n) =>
    post(url, {
      form: { ...named, to, text: `for ${to}` },
      token: n % 2 ? 'other' : 'token',
      headers: n < 2 ? { 'idempotency-key': `k${n}` } : {},
    }),
  );
  for (const answer of await Promise.all(calls)) assert.equal(answer.status, 200);
  const told = { messageId: 'chosen@mg.example.com', domain: DOMAIN, from: MAIL.from, to: ['far@example.net'] };
  const tell = await fetch(`${url}/api/messages`, {
    method: 'POST',
    headers: { authorization: 'Bearer other', 'content-type': 'application/json' },
    body: JSON.stringify({ ...told, state: 'accepted' }),
  });
  assert.equal(tell.status, 201);
  await play(clock() + DAY);
  assert.equal(sim.copies('far@example.net'), 0);
  assert.ok(!sink.mails.some((m) => m.to.includes('far@example.net')));
  for (const to of [MAIL.to, ...people]) {
    const [copy, ...others] = sim.inboxOf(to);
    assert.equal(others.length, 0, to);
    assert.match(String(copy?.mime), new RegExp(to === MAIL.to ? 'for Ann' : `for ${to}`));
    assert.match(String(copy?.mime), /^Message-I[dD]: <chosen@mg.example.com>/m);
  }
});

const READY = Buffer.from(
  'From: shop@mg.example.com\r\nTo: all@example.org\r\nMessage-Id: <own@mg.example.com>\r\nSubject: x\r\n\r\nbody\r\n',
);

test('one file of MIME can be sent to another person, and to the same one again once it has arrived', async (t) => {
  const { client, play, clock, sim } = await setup(t);
  const sendTo = async (to: string) => {
    await client.messages.create(DOMAIN, { to, message: READY });
    await play(clock() + MINUTE);
  };
  for (const to of ['ann@example.org', 'bee@example.net', 'ann@example.org']) await sendTo(to);
  assert.deepEqual([sim.copies('ann@example.org'), sim.copies('bee@example.net')], [2, 1]);
});

test('a message that is handed over again under its Message-Id while it is under way makes no second mail', async (t) => {
  const { url, play, clock, sim } = await setup(t, { env: { API_TOKENS: 'token,other' } });
  const named = { ...MAIL, 'h:Message-Id': '<chosen@mg.example.com>' };
  await Promise.all(Array.from({ length: 10 }, () => post(url, { form: named })));
  await play(clock() + MINUTE);
  assert.equal(sim.copies(MAIL.to), 1);
  await post(url, { form: { ...named, to: 'bee@example.net' }, token: 'other' });
  await post(url, { form: { ...named, to: 'bee@example.net', text: 'Another' }, token: 'other' });
  await play(clock() + MINUTE);
  assert.equal(sim.copies('bee@example.net'), 2);
});

test('one message under its Message-Id makes no second mail by another Idempotency-Key or by none', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const form = { ...MAIL, 'h:Message-Id': '<chosen@mg.example.com>' };
  const named = (key: string | null) => post(url, { form, headers: key === null ? {} : { 'idempotency-key': key } });
  const answers = await Promise.all(['k1', 'k2', null, 'k3', null].map(named));
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array.from({ length: 5 }, () => 200),
  );
  assert.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true').length, 4);
  const other = await post(url, { form: { ...form, text: 'Another' }, headers: { 'idempotency-key': 'k3' } });
  assert.equal(other.status, 422);
  await play(clock() + MINUTE);
  assert.equal(sim.copies(MAIL.to), 1);
  for (const key of ['k1', 'k2', 'k3'])
    assert.equal((await named(key)).headers.get('idempotent-replayed'), 'true', key);
  await named('k4');
  await play(clock() + MINUTE);
  assert.equal(sim.copies(MAIL.to), 2, 'it had arrived, and was asked for once more');
});

type Wrong = [form: Record<string, string>, words: RegExp];

test('what can not be sent is refused in words that its client shows, and nothing is stored', async (t) => {
  const { url, client, store } = await setup(t);
  const wrong: Wrong[] = [
    [{ ...MAIL, to: '' }, /to parameter is missing/],
    [{ ...MAIL, to: 'nobody' }, /to parameter is not a valid address/],
    [{ ...MAIL, to: 'a@b.example>\r\nRCPT TO:<evil@x' }, /control characters/],
    [{ ...MAIL, from: '' }, /from parameter is missing|no sender/],
    [{ ...MAIL, 'o:deliverytime': 'tomorrow' }, /o:deliverytime parameter is not a valid RFC-2822 date/],
    [{ ...MAIL, 'o:deliverytime': 'Wed, 25 Nov 2026 12:00:00' }, /o:deliverytime/],
    [{ ...MAIL, 'o:deliver-within': '4m' }, /o:deliver-within parameter is not a length from 5m to 24h/],
    [{ ...MAIL, 'o:deliver-within': 'soon' }, /o:deliver-within/],
    ...['Shop', '<>', 'Shop <>', 'shop@', ' '].map((from): [Record<string, string>, RegExp] => [
      { ...MAIL, from },
      /from parameter is not a valid address/,
    ]),
    [{ ...MAIL, 'o:deliverytime': 'Fri, 04 Dec 2036 10:00:00 +0000' }, /7 days ahead/],
    [{ ...MAIL, 'h:X-Mailgun-Deliver-By': '2096378400' }, /7 days ahead/],
    [{ ...MAIL, 'h:x-mailgun-deliver-by': '2026-11-25T12:00:00Z' }, /o:deliverytime/],
    [{ ...MAIL, 'h:Bcc': 'evil@x.example' }, /can not be set/],
    [{ ...MAIL, 'v:x"\r\nX-I: 1': 'x' }, /not a parameter/],
    [{ ...MAIL, 'h:X-Own': 'a\r\nBcc: evil@x.example' }, /control characters/],
    [{ ...MAIL, 'h:X-Own': 'a\r\n b\r\nBcc: evil@x.example' }, /control characters/],
    ...['a\r\n', 'a\n', 'a\r b', 'a\r\r\n b', 'a\0b', 'a\u2028b', 'a\u0085 b'].flatMap((value): Wrong[] => [
      [{ ...MAIL, 'h:X-Own': value }, /'h:X-Own' parameter contains control characters/],
      [{ ...MAIL, subject: value }, /'subject' parameter contains control characters/],
    ]),
    [{ ...MAIL, 'v:big': 'x'.repeat(17_000) }, /16 KB/],
    [{ ...MAIL, 'v:big': '\u00fc'.repeat(9000) }, /16 KB/],
    [{ ...MAIL, 't:variables': `{"a":"${'\u8a9e'.repeat(6000)}"}` }, /16 KB/],
    [{ ...MAIL, message: 'text' }, /not a file/],
    [{ ...MAIL, to: Array.from({ length: 1001 }, (_, n) => `a${n}@example.org`).join() }, /1000 recipients/],
    [{ ...MAIL, 'recipient-variables': '[' }, /JSON/],
    [{ ...MAIL, 'recipient-variables': `{"${MAIL.to}":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}` }, /JSON/],
    [{ ...MAIL, attachment: '@invoice.pdf' }, /'attachment' parameter is not a file/],
    [{ from: 'a@b.example', to: 'ann@example.org' }, /Need at least one of/],
  ];
  for (const [form, words] of wrong) {
    const response = await post(url, { form });
    const body = (await response.json()) as { message: string };
    assert.equal(response.status, 400, JSON.stringify(body));
    assert.match(body.message, words);
    assert.doesNotMatch(body.message, /evil/);
  }
  await assert.rejects(client.messages.create('other.example.com', MAIL), {
    status: 404,
    details: 'Domain not found: other.example.com',
  });
  const forbidden = await post(url, { token: 'wrong' });
  assert.equal(forbidden.status, 401);
  assert.equal(forbidden.headers.get('www-authenticate'), 'Basic realm="MG API"');
  assert.equal(forbidden.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(await forbidden.text(), 'Forbidden');
  assert.equal(
    (
      await post(url, {
        body: Buffer.alloc(26 * 1024 * 1024 + 1),
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
      })
    ).status,
    413,
  );
  assert.equal(
    (await post(url, { body: '--x\r\nbroken', headers: { 'content-type': 'multipart/form-data; boundary=x' } })).status,
    400,
  );
  assert.equal((await post(url, { body: '{}', headers: { 'content-type': 'application/json' } })).status, 415);
  assert.equal(Number((await store.db('messages').count({ n: '*' }).first())?.['n']), 0);
});

test('as many options are taken as Mailgun takes with those that Homing adds, and not one byte more', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const most = 16_384 - 151 - DOMAIN.length;
  const filling = { 'v:homing-class': 'access', 'o:tag': '\u00fc' };
  const sized = (bytes: number) => ({
    ...MAIL,
    ...filling,
    'v:x': 'x'.repeat(bytes - 'v:x'.length - 'o:tag\u00fc'.length - 1),
  });
  const refused = await post(url, { form: sized(most + 1) });
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), new RegExp(`16 KB in all: ${most} bytes beside those that Homing adds`));
  const others = [
    { 'h:Message-Id': '<own@mg.example.com>' },
    { 'o:deliver-within': '1h' },
    { 'o:deliverytime': String((clock() + HOUR) / SECOND) },
    { 'o:deliverytime-optimize-period': '24h' },
  ];
  for (const more of [{}, ...others])
    assert.equal((await post(url, { form: { ...sized(most - 34), ...more } })).status, 200);
  assert.equal((await post(url, { form: sized(most) })).status, 200);
  await play(clock() + MINUTE);
  assert.equal(sim.handovers.length, 6, 'Mailgun has taken them all');
});

test('recipients without a comma between them are refused, and none of them is lost behind a 200', async (t) => {
  const { url, store } = await setup(t);
  const lists = [
    'bee@example.net cid@example.com',
    '<bee@example.net><cid@example.com>',
    'Bee <bee@example.net> Cid <c@x.y>',
  ];
  for (const name of ['to', 'cc', 'bcc'])
    for (const list of [...lists, `dee@example.org, ${lists[0]}`]) {
      const response = await post(url, { form: { ...MAIL, [name]: list } });
      assert.equal(response.status, 400, `${name}: ${list}`);
      assert.match(await response.text(), new RegExp(`${name} parameter is not a valid address`));
    }
  assert.equal((await store.db('messages')).length, 0);
});

test('headers that whoever composes a mail writes himself are left out, as clients copy them from a whole mail', async (t) => {
  const { url, play, clock, sim, sink } = await setup(t);
  const copied = {
    'h:content-type': 'multipart/alternative;\r\n boundary="--==_mimepart_65"',
    'h:Content-Transfer-Encoding': '7bit',
    'h:CONTENT-ID': '<a@b>',
    'h:MIME-Version': '1.0',
    'h:date': 'Wed, 25 Nov 2015 09:00:00 +0000',
    'h:From': 'evil@x.example',
    'h:to': 'evil@x.example',
    'h:Cc': 'evil@x.example',
    'h:bcc': 'Ann <ANN@example.org>',
    'h:SUBJECT': 'evil',
    'h:Return-Path': 'evil@x.example',
    'h:Received': 'from evil',
  };
  assert.equal((await post(url, { form: { ...MAIL, ...copied, 'h:X-Own': 'kept' } })).status, 200);
  assert.equal((await post(url, { form: { ...MAIL, ...copied, cc: 'bee@example.net' } })).status, 200);
  await play(clock() + MINUTE);
  const copies = sim.inboxOf(MAIL.to).map(({ mime }) => mime.toString());
  assert.equal(copies.length, 2);
  for (const mime of copies) {
    assert.doesNotMatch(mime, /evil|2015|mimepart_65/);
    for (const name of ['Content-Type', 'MIME-Version', 'Date', 'From', 'To', 'Subject'])
      assert.equal(mime.match(new RegExp(`^${name}:`, 'gim'))?.length, 1, name);
  }
  assert.match(copies.join('\n'), /^X-Own: kept\r$/m);
  assert.equal(sink.mails.length, 0);
});

/** As libraries hand on what they copied from a mail: RFC 5322, 2.2.3. */
const FOLDED = {
  from: 'Shop\r\n <shop@mg.example.com>',
  to: 'Ann\t<ann@example.org>,\r\n\tBee <bee@example.net>',
  subject: 'Hello\n\tAnn',
  'h:references': '<a@x.example>\r\n <b@x.example>\r\n\t<c@x.example>',
  'h:Reply-To': '\r\n help@mg.example.com',
  'h:X-Own': 'a\tb',
};
const LINES = {
  from: ['Shop <shop@mg.example.com>'],
  to: ['Ann\t<ann@example.org>,\tBee <bee@example.net>'],
  subject: ['Hello\tAnn'],
  'h:references': ['<a@x.example> <b@x.example>\t<c@x.example>'],
  'h:Reply-To': [' help@mg.example.com'],
  'h:X-Own': ['a\tb'],
};

test('a folded header is one line at Mailgun, whoever hands it over', async (t) => {
  const { url, play, clock, sim, store } = await setup(t);
  const homing = createHoming({ url, token: 'token' });
  t.after(() => homing.close());
  const parts = Object.entries({ ...MAIL, ...FOLDED }).map(([name, value]): Part => [`name="${name}"`, value]);
  assert.equal((await post(url, multipart(...parts))).status, 200);
  assert.equal((await post(url, { form: { ...MAIL, ...FOLDED } })).status, 200);
  await homing.deliverLater(DOMAIN, { ...MAIL, ...FOLDED });
  const names = await store.db('messages').select('sender', 'subject');
  assert.deepEqual(names, Array(3).fill({ sender: 'Shop <shop@mg.example.com>', subject: 'Hello Ann' }));
  await play(clock() + MINUTE);
  const sent = sim.requests.filter(({ path }) => path.endsWith('/messages')).map(({ fields }) => fields);
  assert.equal(sent.length, 3);
  for (const fields of sent)
    for (const [name, value] of Object.entries(LINES)) assert.deepEqual(fields[name], value, name);
  for (const address of ['ann@example.org', 'bee@example.net']) assert.equal(sim.copies(address), 3);
});

test('a header is too long with its folds, too', async (t) => {
  const { url } = await setup(t);
  for (const name of ['from', 'h:X-Own', 'h:Date']) {
    const answer = await post(
      url,
      multipart(
        ...Object.entries({ ...MAIL, [name]: `a${'\n '.repeat(300_000)}` }).map(
          ([key, value]): Part => [`name="${key}"`, value],
        ),
      ),
    );
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /addresses and headers are too long/);
  }
});

test('a folded header is the same header in what is composed for a secondary', async (t) => {
  const { url, play, clock, sim, sink } = await setup(t);
  await sim.unplug();
  assert.equal((await post(url, { form: { ...MAIL, ...FOLDED, 'v:homing-class': 'access' } })).status, 200);
  await play(clock() + 5 * MINUTE);
  const raw = sink.mails.find(({ to }) => to.includes('ann@example.org'))?.raw ?? '';
  const [head = ''] = raw.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n\r?\n/);
  assert.match(head, /^References: <a@x\.example>\s<b@x\.example>\s<c@x\.example>$/m);
  assert.match(head, /^Reply-To: help@mg\.example\.com$/m);
  assert.match(head, /^Subject: Hello\sAnn$/m);
  assert.match(head, /^X-Own: a\sb$/m);
});

test('options in the form of headers go to Mailgun as they are, and Homing knows what they mean', async (t) => {
  const { url, play, clock, sim, store, views } = await setup(t);
  const variables = '{"booking_id":"42","homing-class":"access","homing-key":"reset:1"}';
  const options = {
    'h:X-Mailgun-Variables': variables,
    'h:X-Mailgun-Tag': 'one',
    'h:X-Mailgun-Track-Clicks': 'no',
    'h:x-mailgun-dkim': 'yes',
  };
  for (const cc of ['', 'bee@example.net'])
    assert.equal((await post(url, { form: { ...MAIL, ...options, ...(cc ? { cc } : {}) } })).status, 200);
  assert.deepEqual(await store.db('messages').select('class', 'message_key').first(), {
    class: 'access',
    message_key: 'reset:1',
  });
  await play(clock() + MINUTE);
  const sent = sim.requests.filter((r) => /messages(\.mime)?$/.test(r.path));
  assert.equal(sent.length, 1, 'the newer message with the key took the place of the older one');
  for (const { fields } of sent) {
    for (const [name, value] of Object.entries(options).slice(1)) assert.deepEqual(fields[name], [value], name);
    assert.deepEqual(fields['h:X-Mailgun-Variables'], ['{"booking_id":"42"}']);
    assert.equal(fields['v:homing-id']?.length, 1);
  }
  for (const { mime } of sim.inboxOf(MAIL.to)) assert.doesNotMatch(mime.toString(), /reset:1|homing-class/);
  const at = clock() + 5 * MINUTE;
  const wait = { ...MAIL, to: 'cid@example.net', 'h:x-mailgun-deliver-by': new Date(at).toUTCString() };
  const { id } = (await (await post(url, { form: wait })).json()) as { id: string };
  assert.equal((await views(id))[0]?.birth.deliverAt, Math.floor(at / 1000) * 1000);
});

test('variables of recipients in the form of a header are those of a batch', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const variables = '{"ann@example.org":{"name":"Ann"},"bee@example.net":{"name":"Bee"}}';
  const form = { ...MAIL, to: 'ann@example.org, bee@example.net', 'h:X-Mailgun-Recipient-Variables': variables };
  assert.equal((await post(url, { form })).status, 200);
  await play(clock() + MINUTE);
  const sent = sim.requests.filter((r) => r.path.endsWith('/messages')).map(({ fields }) => fields);
  assert.deepEqual(
    sent.map((f) => [f['to'], f['recipient-variables'], f['h:X-Mailgun-Recipient-Variables']]),
    [[['ann@example.org, bee@example.net'], [variables], undefined]],
  );
});

test('a message in test mode is never given to a secondary, which would deliver it', async (t) => {
  const { url, client, play, clock, sim, sink } = await setup(t);
  await sim.unplug();
  const access = { ...MAIL, 'v:homing-class': 'access' };
  for (const more of [{ 'o:testmode': 'yes' }, { 'o:testmode': 'true' }, { 'h:X-Mailgun-Drop-Message': 'yes' }])
    assert.equal((await post(url, { form: { ...access, ...more } as Record<string, string> })).status, 200);
  const message = Buffer.concat([Buffer.from('X-Mailgun-Drop-Message: yes\r\n'), READY]);
  await client.messages.create(DOMAIN, { to: MAIL.to, message, 'v:homing-class': 'access' });
  await play(clock() + 20 * MINUTE);
  assert.ok(!sink.mails.some((m) => m.to.includes(MAIL.to)));
  await post(url, { form: { ...access, 'o:testmode': 'no' } });
  await play(clock() + 20 * MINUTE);
  assert.ok(sink.mails.some((m) => m.to.includes(MAIL.to)));
});

test('a recipient is written as the sender wrote it, alone, in a batch and in a template', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const { text: _, ...bare } = MAIL;
  const forms: Record<string, string>[] = [
    { ...MAIL, to: '"Miller, Ann" <ann@example.org>' },
    { ...MAIL, to: 'J\u00f6rg <Bee@EXAMPLE.net>, cid@example.com', 'recipient-variables': '{}' },
    { ...bare, to: 'Dee (the one) <dee@example.com>', template: 'welcome' },
  ];
  for (const form of forms) assert.equal((await post(url, { form })).status, 200);
  await play(clock() + MINUTE);
  const sent = sim.requests.filter((r) => r.path.endsWith('/messages')).flatMap(({ fields }) => fields['to'] ?? []);
  assert.deepEqual(sent.sort(), [
    '"Miller, Ann" <ann@example.org>',
    'Dee (the one) <dee@example.com>',
    'J\u00f6rg <Bee@EXAMPLE.net>, cid@example.com',
  ]);
});

function arrival({ recipient, messageId, at }: { recipient: string; messageId: string; at: number }): string {
  const timestamp = String(Math.floor(at / 1000));
  const token = randomBytes(25).toString('hex');
  const signature = createHmac('sha256', SIGNING_KEY)
    .update(timestamp + token)
    .digest('hex');
  const message = { headers: { 'message-id': messageId } };
  const event = { id: 'e1', event: 'delivered', timestamp: at / 1000, recipient, message, domain: { name: DOMAIN } };
  return JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': event });
}

test('an address beyond ASCII is mailed through Mailgun, followed in any spelling, and given to no secondary', async (t) => {
  const { url, play, clock, sim, sink, views, alerts } = await setup(t);
  const send = async (to: string, more = {}) =>
    ((await (await post(url, { form: { ...MAIL, to, ...more } })).json()) as { id: string }).id;
  sim.fate('j\u00f6rg@xn--bcher-kva.example', 'silence');
  const id = await send('J\u00f6rg <jo\u0308rg@B\u00dcCHER.example>');
  const seen = async () => (await views(id)).map((v) => [v.recipient, v.delivery.state]);
  await play(clock() + MINUTE);
  assert.deepEqual(await seen(), [['j\u00f6rg@xn--bcher-kva.example', 'accepted']]);
  await fetch(`${url}/webhooks/mailgun`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: arrival({ recipient: 'J\u00d6RG@b\u00fccher.example', messageId: id.slice(1, -1), at: clock() }),
  });
  await play(clock() + MINUTE);
  assert.deepEqual(await seen(), [['j\u00f6rg@xn--bcher-kva.example', 'delivered']]);
  await sim.unplug();
  const other = await send('m\u00fcller@example.net', { 'v:homing-class': 'access' });
  await play(clock() + DAY);
  assert.equal((await views(other))[0]?.delivery.state, 'abandoned');
  assert.ok(!sink.mails.some((m) => m.to.some((to) => to !== 'admin@team.example')));
  assert.ok(alerts().length > 0);
});

const partOf = (...lines: string[]) => ['--BBB', ...lines].join('\r\n').concat('\r\n');
const DOTNET = [
  ['from', 'Team <team@mg.example.com>'],
  ['to', 'ann@example.org'],
  ['subject', 'Hello'],
  ['text', 'Hi'],
]
  .map(([name, value = '']) =>
    partOf('Content-Type: text/plain; charset=utf-8', `Content-Disposition: form-data; name=${name}`, '', value),
  )
  .join('');
const FILE = (filename: string) =>
  partOf(
    `Content-Disposition: form-data; name="attachment"; ${filename}`,
    'Content-Type: text/calendar; method=REQUEST',
    '',
    'BEGIN:VCALENDAR',
  );
const MULTIPART = { 'content-type': 'multipart/form-data; boundary="BBB"' };

test('forms are taken as clients of all kinds write them', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const folded = FILE("filename*=utf-8''j%C3%B6rg.ics").replaceAll(' method', '\r\n method');
  const bodies = [
    `${DOTNET}${folded.replace('; name', ';\r\n NAME')}--BBB--\r\n`,
    `${DOTNET}--BBB--\r\n`,
    `This is a multi-part message in MIME format.\r\n${DOTNET}--BBB--\r\n`,
    `${DOTNET}--BBB--\r\n\r\nepilogue`,
    `${DOTNET}${FILE(`filename="_.ics"; filename*=utf-8''j%C3%B6rg.ics`)}--BBB--\r\n`,
  ];
  for (const body of bodies) assert.equal((await post(url, { body, headers: MULTIPART })).status, 200);
  await play(clock() + MINUTE);
  assert.equal(sim.copies('ann@example.org'), bodies.length);
  const files = sim.requests.flatMap((request) => request.files['attachment'] ?? []);
  assert.equal(files.length, 2);
  for (const { filename, type } of files)
    assert.deepEqual([filename, type], ['jörg.ics', 'text/calendar; method=REQUEST']);
});

test('text arrives in UTF-8, in whatever charset it came', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const rest = String(new URLSearchParams({ from: MAIL.from, to: MAIL.to, text: 'Hi' }));
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const bodies = [
    { body: latin1(`${rest}&subject=Gr%FC%DFe`), headers: { 'content-type': `${FORM}; charset=iso-8859-1` } },
    { body: latin1(`${rest}&subject=Gr%FC%DFe`), headers: { 'content-type': FORM } },
    { body: latin1(`${rest}&subject=Gr\xfc\xdfe&_charset_=iso-8859-1`), headers: { 'content-type': FORM } },
    { body: latin1(`${rest}&subject=Gr\xc3\xbc\xc3\x9fe`), headers: { 'content-type': FORM } },
    {
      body: latin1(`${DOTNET}--BBB--\r\n`.replace('utf-8', 'cp1252').replace('Hello', 'Gr\xfc\xdfe')),
      headers: MULTIPART,
    },
  ];
  for (const call of bodies) assert.equal((await post(url, call)).status, 200);
  await play(clock() + MINUTE);
  const sent = sim.requests.filter(({ path }) => path.endsWith('/messages'));
  assert.equal(sent.length, bodies.length);
  for (const { fields } of sent) {
    assert.deepEqual(fields['subject'], ['Grüße']);
    assert.equal(fields['_charset_'], undefined);
  }
});

test('fields are taken under the names that clients of many languages give them', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const form = new URLSearchParams([
    ['from[]', 'team@mg.example.com'],
    ['to[0]', 'ann@example.org'],
    ['to[1]', 'bee@example.net'],
    ['subject[]', 'Hello'],
    ['text[]', 'Hi'],
    ['o:tag[]', 'one'],
    ['o:tag[]', 'two'],
    ['v:my data', 'x'],
    ['v:list[0]', 'y'],
    ['template[]', 'welcome'],
  ]);
  const headers = { 'content-type': FORM };
  assert.equal((await post(url, { body: form.toString(), headers })).status, 200);
  const files = `${FILE('filename="a.ics"')}${FILE('filename="b.ics"')}`;
  const body = `${DOTNET}${files.replaceAll('"attachment"', '"attachment[0]"')}${EMPTY_INPUT}--BBB--\r\n`;
  assert.equal((await post(url, { body, headers: MULTIPART })).status, 200);
  await play(clock() + MINUTE);
  const [first] = sim.requests.filter((r) => r.fields['template'] !== undefined);
  assert.deepEqual(first?.fields['o:tag'], ['one', 'two']);
  assert.deepEqual([first?.fields['v:my data'], first?.fields['v:list[0]']], [['x'], ['y']]);
  assert.equal(sim.copies('bee@example.net'), 1);
  const sent = sim.requests.flatMap(({ files: all }) => all['attachment'] ?? []);
  assert.deepEqual(
    sent.map((f) => f.filename),
    ['a.ics', 'b.ics'],
  );
});

const EMPTY_INPUT = partOf(
  'Content-Disposition: form-data; name="attachment"; filename=""',
  'Content-Type: application/octet-stream',
  '',
  '',
);

test('what Mailgun does not know is left out as there, but for what may be a slip and for files', async (t) => {
  const { url, store } = await setup(t);
  assert.equal((await post(url, { form: { ...MAIL, 'skip-verification': 'yes', foo: 'b\nar' } })).status, 200);
  for (const name of ['CC', 'bcc ', 'To', 'H:Reply-To', 'h: Reply-To', 'h:In Reply', 'html\u200b'])
    assert.equal((await post(url, { form: { ...MAIL, [name]: 'bee@example.net' } })).status, 400, name);
  const part = '--BBB\r\nContent-Disposition: form-data; name="attachments"; filename="a.txt"\r\n\r\nx\r\n';
  assert.equal((await post(url, { body: `${DOTNET}${part}--BBB--\r\n`, headers: MULTIPART })).status, 400);
  assert.equal(Number((await store.db('messages').count({ n: '*' }).first())?.['n']), 1);
});

test('a packed form is taken, and what is in it has the limit of any other', async (t) => {
  const { url, store } = await setup(t);
  const body = Buffer.from(String(new URLSearchParams(MAIL)));
  const packed = (bytes: Buffer, encoding: string) =>
    post(url, { body: bytes, headers: { 'content-type': FORM, 'content-encoding': encoding } }).then((r) => r.status);
  assert.equal(await packed(gzipSync(body), 'gzip'), 200);
  assert.equal(await packed(deflateSync(body), 'Deflate'), 200);
  assert.equal(await packed(gzipSync(body).subarray(0, -9), 'gzip'), 400);
  assert.equal(await packed(body, 'gzip'), 400);
  assert.equal(await packed(gzipSync(Buffer.alloc(200 * 1024 * 1024, 'a')), 'gzip'), 413);
  assert.equal(await packed(body, 'br'), 415);
  assert.equal(await packed(gzipSync(body), 'gzip'), 200);
  assert.equal(Number((await store.db('messages').count({ n: '*' }).first())?.['n']), 3);
});

test('the base URL of a client may end with a slash, with /v3 and without', async (t) => {
  const { url } = await setup(t);
  const to = (path: string, token = 'token') =>
    fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`api:${token}`).toString('base64')}` },
      body: new URLSearchParams(MAIL),
    });
  for (const path of [
    `//v3/${DOMAIN}/messages`,
    `/v3/v3/${DOMAIN}/messages`,
    `/${DOMAIN}/messages`,
    `/v3//${DOMAIN}/messages`,
    `/${DOMAIN.replaceAll('.', '%2e')}/messages`,
    `/v3/${DOMAIN.replaceAll('.', '%2E')}/messages`,
  ])
    assert.equal((await to(path)).status, 200, path);
  assert.equal((await to(`/${DOMAIN}/messages`, 'wrong')).status, 401);
  for (const path of ['/v3', '/v4/x', '//v3/x'])
    assert.deepEqual(await (await to(path)).json(), { message: 'there is nothing here' }, path);
});

test('a call is known by its token and its domain, however they are written, and as it was known before', async (t) => {
  const { url, store } = await setup(t, { env: { API_TOKENS: 'token,other' } });
  const call = async (authorization: string, domain = DOMAIN) => {
    const headers = { authorization, 'idempotency-key': 'k', 'content-type': FORM };
    const body = new URLSearchParams(MAIL).toString();
    const answer = await fetch(`${url}/v3/${domain}/messages`, { method: 'POST', headers, body });
    return [answer.status, answer.headers.get('idempotent-replayed')];
  };
  const usual = `Basic ${Buffer.from('api:token').toString('base64')}`;
  assert.deepEqual(await call(usual), [200, null]);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  assert.deepEqual(await store.db('calls').select('key_hash', 'fingerprint'), [
    {
      key_hash: sha256(`${usual}\nk`),
      fingerprint: sha256(`/v3/${DOMAIN}/messages\n${new URLSearchParams(MAIL).toString()}`),
    },
  ]);
  for (const authorization of [usual.replace('Basic', 'BASIC'), `${usual}==`])
    assert.deepEqual(await call(authorization), [200, 'true'], authorization);
  for (const domain of [DOMAIN.toUpperCase(), DOMAIN.replace('.', '%2e')])
    assert.deepEqual(await call(usual, domain), [200, 'true'], domain);
  assert.deepEqual(await call(`Basic ${Buffer.from('api:other').toString('base64')}`), [200, null]);
});

test('an Idempotency-Key may stand in quotes, and hold blanks', async (t) => {
  const { url } = await setup(t);
  const id = async (key: string) => {
    const answer = await post(url, { headers: { 'idempotency-key': key } });
    return ((await answer.json()) as { id?: string }).id;
  };
  assert.equal(await id('"a b"'), await id('a b'));
  assert.ok(await id('k'.repeat(256)));
  assert.equal(await id('k'.repeat(257)), undefined);
  assert.equal(await id('""'), undefined);
});

test('half a form is none: it is refused and nothing is stored', async (t) => {
  const { url, store } = await setup(t);
  const bodies: [string, RegExp][] = [
    [DOTNET, /not whole/],
    [`${DOTNET}--BBB\r\n`, /not whole/],
    [`${DOTNET}${FILE('filename="a.ics"')}`, /not whole/],
    [`${DOTNET}${FILE('filename=""')}--BBB--\r\n`, /no name/],
    [`${DOTNET}${partOf('Content-Type: text/plain', '', 'x')}--BBB--\r\n`, /no name/],
    [`${DOTNET}${partOf('Content-Disposition: form-data; name="to"', '', '').repeat(2000)}--BBB--\r\n`, /2000 parts/],
  ];
  for (const [body, words] of bodies) {
    const response = await post(url, { body, headers: MULTIPART });
    assert.equal(response.status, 400);
    assert.match(await response.text(), words);
  }
  const unnamed = { 'content-type': 'multipart/form-data' };
  assert.equal((await post(url, { body: DOTNET, headers: unnamed })).status, 400);
  const flood = { body: Buffer.alloc(25_000_000, 'a&'), headers: { 'content-type': FORM } };
  assert.equal((await post(url, flood)).status, 400);
  assert.equal((await store.db('messages')).length, 0);
});

test('the same content is the same call whatever boundary divides it', async (t) => {
  const { url } = await setup(t);
  const call = (boundary: string, text = 'Hi') =>
    post(url, {
      body: `${DOTNET}--BBB--\r\n`.replaceAll('BBB', boundary).replace('Hi', text),
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, 'idempotency-key': 'k' },
    });
  const [first, again, other] = [await call('B1'), await call('B2'), await call('B3', 'Ho')];
  assert.deepEqual([first.status, again.status, other.status], [200, 200, 422]);
  assert.deepEqual(await again.json(), await first.json());
});

test('what could be kept and not be opened again is refused', async (t) => {
  const { url, store } = await setup(t);
  // In short texts each of them takes six bytes where it is kept.
  const { text: _, ...rest } = MAIL;
  const body = Buffer.from(`${new URLSearchParams(rest)}&${`text=${'\u0001'.repeat(60_000)}&`.repeat(200)}`);
  assert.equal((await post(url, { body, headers: { 'content-type': FORM } })).status, 413);
  assert.equal((await store.db('messages')).length, 0);
});

test('without ENCRYPTION_KEY nothing is queued, and it says so', async (t) => {
  const { url } = await startByHand(t);
  const response = await post(url, {});
  assert.equal(response.status, 503);
  assert.match(await response.text(), /ENCRYPTION_KEY/);
});

test('a key means the same with and without blanks around it', async (t) => {
  const { url } = await setup(t);
  assert.equal((await post(url, { form: { ...MAIL, 'v:homing-key': ' reset:1 ' } })).status, 200);
  const cancel = async (key: string) => {
    const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };
    const body = JSON.stringify({ key });
    const answer = await fetch(`${url}/api/messages/cancel`, { method: 'POST', headers, body });
    return (await answer.json()) as { cancelled: number };
  };
  assert.equal((await cancel('reset:2')).cancelled, 0);
  assert.equal((await cancel('reset:1')).cancelled, 1);
  assert.equal((await post(url, { form: { ...MAIL, 'v:homing-key': ' ' } })).status, 400);
});

test('the library queues, asks, cancels and tracks through the daemon as it does in the database', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const homing = createHoming({ url, token: 'token', patience: 5000 });
  t.after(homing.close);
  const queued = await homing.deliverLater(DOMAIN, { ...MAIL, 'v:homing-key': 'reset:1' });
  assert.equal((await homing.status(queued.id))?.deliveries[0]?.state, 'queued');
  assert.equal(await homing.cancel({ key: 'reset:1' }), 1);
  const other = await homing.deliverLater(DOMAIN, MAIL);
  assert.equal(await homing.cancel({ id: other.id }), 1);
  assert.equal(await homing.cancel({ id: 'nobody' }), 0);
  assert.equal(await homing.status('nobody'), null);
  await play(clock() + MINUTE);
  assert.equal(sim.copies('ann@example.org'), 0);
  const direct = new Mailgun(globalThis.FormData).client({ username: 'api', key: 'key-test', url: sim.url });
  const sent = await homing.wrapMailgun(direct).messages.create(DOMAIN, MAIL);
  await homing.flush();
  assert.deepEqual(homing.counts(), { recorded: 2, spooled: 0, filed: 0, lost: 0 });
  assert.equal((await homing.status(String(sent.id)))?.deliveries[0]?.state, 'accepted');
  await assert.rejects(homing.deliverLater(DOMAIN, { ...MAIL, to: 'nobody' }), /not a valid address/);
  const stranger = createHoming({ url, token: 'wrong' });
  await assert.rejects(stranger.deliverLater(DOMAIN, MAIL), /token/);
});

test('a mail of 24 MB arrives as it was, whatever it is made of', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  for (const text of ['x', '+', 'ü', '"']) {
    const html = text.repeat(Math.floor(24_000_000 / encodeURIComponent(text).length));
    assert.equal((await post(url, { form: { ...MAIL, html } })).status, 200, text);
    await play(clock() + MINUTE);
    assert.ok(sim.requests.at(-1)?.fields['html']?.[0] === html, text);
  }
});

test('ten megabytes of addresses or header are refused, in one field or in many', async (t) => {
  const { url, store } = await setup(t);
  const list = '"Ann" <ann@example.org>,'.repeat(400_000);
  const forms: Record<string, string>[] = [
    { ...MAIL, to: list },
    { ...MAIL, cc: list },
    { ...MAIL, subject: list },
  ];
  for (const form of forms) assert.equal((await post(url, { form })).status, 400);
  const many = `${new URLSearchParams(MAIL).toString()}&${`bcc=${encodeURIComponent(list.slice(0, 24_000))}&`.repeat(300)}`;
  assert.equal((await post(url, { body: Buffer.from(many), headers: { 'content-type': FORM } })).status, 400);
  assert.equal((await store.db('messages')).length, 0);
});

const multipart = (...parts: Part[]) => ({
  body: Buffer.concat([
    ...parts.flatMap(([head, content]) => [
      Buffer.from(`--B\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('--B--\r\n'),
  ]),
  headers: { 'content-type': 'multipart/form-data; boundary=B' },
});
type Part = [head: string, content: string];
const FROM: Part = ['name="from"', MAIL.from];
const SUBJECT: Part = ['name="subject"', 'Hello'];
const TEXT: Part = ['name="text"', 'Hi'];
const TO: Part = ['name="to"', 'ann@example.org'];

test('nothing is left out where a message has one of a kind and two are given', async (t) => {
  const { url, store } = await setup(t);
  const wrong: [string, Part[]][] = [
    ["'to' parameter is a file", [TO, ['name="to"; filename="list.txt"', 'bee@example.net']]],
    ["'html' parameter is a file", [TO, ['name="html"; filename="a.html"', '<p>Hi</p>']]],
    ["'subject' parameter is given twice", [TO, ['name="subject"', 'Another']]],
    [
      "'recipient-variables' parameter is given twice",
      [TO, ['name="recipient-variables"', '{}'], ['name="recipient-variables"', '{"ann@example.org":{}}']],
    ],
    [
      "'h:message-id' parameter is given twice",
      [TO, ['name="h:Message-Id"', '<one@example.org>'], ['name="h:message-id"', '<two@example.org>']],
    ],
    [
      "'message' parameter is given twice",
      [
        TO,
        ['name="message"; filename="a"', 'From: a@b.example\r\n\r\n1'],
        ['name="message"; filename="b"', 'From: a@b.example\r\n\r\n2'],
      ],
    ],
  ];
  for (const [message, parts] of wrong) {
    const response = await post(url, multipart(FROM, SUBJECT, TEXT, ...parts));
    assert.deepEqual([response.status, await response.json()], [400, { message }]);
  }
  assert.equal((await store.db('messages')).length, 0);
  // The same twice is one.
  assert.equal((await post(url, multipart(FROM, SUBJECT, SUBJECT, TEXT, TO))).status, 200);
});

test('mail for a subaccount is refused, as it would go out in the name of another account', async (t) => {
  const { url } = await setup(t);
  assert.equal((await post(url, { headers: { 'x-mailgun-on-behalf-of': 'sub' } })).status, 400);
});

test('a file arrives under the name and the type that it was given', async (t) => {
  const { url, play, clock, sim } = await setup(t);
  const files = [
    ['Rechnung (1).pdf', 'application/pdf; name="Rechnung (1).pdf"'],
    ['a,b;c.csv', 'text/csv; charset=utf-8; name="a,b;c.csv"'],
    ['Übersicht \u200d.json', 'application/ld+json; profile="https://x.example/ä"'],
  ] as const;
  const parts = files.map(
    ([name, type]): Part => [`name="attachment"; filename="${name}"\r\nContent-Type: ${type}`, name],
  );
  const windows: Part = ['name="attachment"; filename="C:\\dir\\a.txt"', 'a.txt'];
  assert.equal((await post(url, multipart(FROM, TO, SUBJECT, TEXT, ...parts, windows))).status, 200);
  await play(clock() + MINUTE);
  const sent = sim.requests.flatMap((request) => request.files['attachment'] ?? []);
  assert.deepEqual(
    sent.map(({ filename, type, content }) => [filename, type, String(content)]),
    [...files.map(([name, type]) => [name, type, name]), ['a.txt', '', 'a.txt']],
  );
});

test('the name and the type of a file end no header, whoever hands it over', async (t) => {
  const { sink, sim, store, url, play, clock } = await setup(t);
  await sim.unplug();
  const homing = createHoming({ url, token: 'token' });
  t.after(() => homing.close());
  const attachment = {
    data: 'x',
    filename: 'a\r\nBcc: eve@example.com\u2028\u202e"b.txt',
    contentType: 'text/plain;\r\nX-Own: 1\r\n\r\nbody',
  };
  await homing.deliverLater(DOMAIN, { ...MAIL, 'v:homing-class': 'access', attachment });
  await play(clock() + 5 * MINUTE);
  const raw = sink.mails.find((m) => m.to.includes('ann@example.org'))?.raw ?? '';
  assert.match(raw, /Content-Disposition: attachment/);
  assert.doesNotMatch(raw, /^(?:Bcc|X-Own):/im);
  assert.equal((await store.db('messages')).length, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sighting } from '../../../src/core/sighting.ts';
import { readEvent } from '../../../src/providers/mailgun/event.ts';
import { readLegacy } from '../../../src/providers/mailgun/legacy.ts';

type Body = Record<string, unknown>;

const AT = 1_764_064_800_123;

/** A permanent failure with all that live traffic has. */
const failed = (changes: Body = {}): Body => ({
  event: 'failed',
  id: 'q1W2e3R4t5Y6u7I8o9P0aA',
  timestamp: 1764064800.123456,
  'log-level': 'error',
  severity: 'permanent',
  reason: 'generic',
  domain: { name: 'mail.example.com' },
  account: { id: 'acc' },
  recipient: 'anna@example.net',
  'recipient-domain': 'example.net',
  'recipient-provider': 'Other',
  envelope: {
    sender: 'shop@mail.example.com',
    targets: 'anna@example.net',
    transport: 'smtp',
    'sending-ip': '192.0.2.7',
  },
  message: {
    headers: {
      'message-id': 'm1@mail.example.com',
      from: 'Shop <shop@mail.example.com>',
      to: 'anna@example.net',
      subject: 'Your receipt',
    },
    size: 812,
  },
  storage: {
    url: 'https://storage-us-east4.api.mailgun.net/v3/domains/mail.example.com/messages/BAABAA==',
    key: 'BAABAA==',
    region: 'us-east4',
    env: 'production',
  },
  flags: { 'is-routed': false, 'is-delayed-bounce': false },
  'delivery-status': {
    code: 554,
    message: '5.7.1 blocked for its reputation',
    description: '',
    'enhanced-code': '5.7.1',
    'bounce-type': 'soft',
    'attempt-no': 1,
    'mx-host': 'mx.example.net',
    tls: true,
  },
  'user-variables': { 'homing-id': 'h1', 'homing-class': 'access', 'homing-key': 'reset:42' },
  tags: ['receipt', '', 7, null, 'shop'],
  template: { name: 'receipt', version: 'v2' },
  ...changes,
});

const status = (changes: unknown) => failed({ 'delivery-status': changes });
const read = (body: unknown): Sighting => {
  const sighting = readEvent(body);
  assert.ok(sighting);
  return sighting;
};

test('an event with everything is read in full', () => {
  const { eventKey, ...rest } = read(failed());
  assert.match(eventKey, /^[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    report: 'failed',
    event: 'failed',
    at: AT,
    domain: 'mail.example.com',
    recipient: 'anna@example.net',
    list: null,
    inbound: false,
    messageId: 'm1@mail.example.com',
    homingId: 'h1',
    homingClass: 'access',
    homingKey: 'reset:42',
    storage: {
      url: 'https://storage-us-east4.api.mailgun.net/v3/domains/mail.example.com/messages/BAABAA==',
      key: 'BAABAA==',
    },
    from: 'Shop <shop@mail.example.com>',
    subject: 'Your receipt',
    tags: ['receipt', '7', 'shop'],
    template: 'receipt',
    sendingIp: '192.0.2.7',
    recipientProvider: 'Other',
    bounce: {
      code: 554,
      enhancedCode: '5.7.1',
      message: '5.7.1 blocked for its reputation',
      description: null,
      severity: 'permanent',
      reason: 'generic',
      bounceType: 'soft',
      mxHost: 'mx.example.net',
      delayed: false,
    },
  });
});

const at = (timestamp: unknown, more: Body = {}) => read(failed({ timestamp, ...more })).at;
const bounce = (body: Body) => read(body).bounce;
const variables = (value: unknown) => read(failed({ 'user-variables': value }));
const headers = (value: unknown) => read(failed({ message: { headers: value } }));
const storage = (value: unknown) => read(failed({ storage: value })).storage;
const seen = (event: string, bot: unknown) => ({ event, recipient: 'a@b.test', 'client-info': { bot } });
const from = (author: string, recipient: string) => read(failed({ recipient, message: { headers: { from: author } } }));
const without = (name: string) => {
  const { [name]: _gone, ...rest } = failed();
  return rest;
};

const ODDITIES: [string, unknown, unknown][] = [
  ['delivery-status null', bounce(status(null))?.code, null],
  ['delivery-status absent', bounce(without('delivery-status'))?.reason, 'generic'],
  ['code missing', bounce(status({ message: 'x' }))?.code, null],
  ['code a string', bounce(status({ code: '605' }))?.code, 605],
  ['code an enhanced one: no code', bounce(status({ code: '5.1.1' }))?.code, null],
  ['code an enhanced one: an enhanced code', bounce(status({ code: '5.1.1' }))?.enhancedCode, '5.1.1'],
  ['code 0', bounce(status({ code: 0 }))?.code, null],
  ['code of the bounce list', bounce(status({ code: 777 }))?.code, 777],
  ['code beyond reason', bounce(status({ code: Number.POSITIVE_INFINITY }))?.code, null],
  ['message null', bounce(status({ message: null }))?.message, null],
  ['message empty', bounce(status({ message: '' }))?.message, null],
  [
    'message of many lines',
    bounce(status({ message: '550-5.7.1 a\n550 5.7.1 b' }))?.message,
    '550-5.7.1 a\n550 5.7.1 b',
  ],
  ['description null', bounce(status({ description: null }))?.description, null],
  ['description absent', bounce(status({}))?.description, null],
  ['enhanced-code null', bounce(status({ 'enhanced-code': null }))?.enhancedCode, null],
  ['enhanced-code empty', bounce(status({ 'enhanced-code': '' }))?.enhancedCode, null],
  ['enhanced-code absent', bounce(status({}))?.enhancedCode, null],
  ['bounce-code of a delayed bounce', bounce(status({ 'bounce-code': '5.1.1' }))?.enhancedCode, '5.1.1'],
  ['mxhost, as the specification has it', bounce(status({ mxhost: 'mx.a.test' }))?.mxHost, 'mx.a.test'],
  [
    'the true cause of "Too old" in last-code and last-message',
    bounce(status({ code: 602, message: 'Too old', description: '', 'last-code': 421, 'last-message': '4.7.0 slow' }))
      ?.description,
    '421 4.7.0 slow',
  ],
  ['storage absent', read(without('storage')).storage, null],
  ['storage an empty list', storage([]), null],
  ['storage null', storage(null), null],
  ['storage.url a list', storage({ url: ['https://a.test/1'], key: 'k' })?.url, 'https://a.test/1'],
  ['storage.key other than the tail of its URL', storage({ url: 'https://a.test/1', key: 'k=' })?.key, 'k='],
  ['storage.key absent', storage({ url: 'https://a.test/1' })?.key, null],
  ['v2 URL on the API host', storage({ url: 'https://api.mailgun.net/v2/x' })?.url, 'https://api.mailgun.net/v2/x'],
  ['user-variables an empty list', variables([]).homingId, null],
  ['user-variables JSON text', variables('{"homing-id":"h2"}').homingId, 'h2'],
  ['user-variables JSON text, cut', variables('{"homing-id":"h2').homingId, null],
  ['user-variables a sentence', variables('Could not load user-variables').homingId, null],
  ['user-variables with a number', variables({ 'homing-id': 18 }).homingId, '18'],
  ['user-variables written as JSON', variables({ 'homing-class': '"access"' }).homingClass, 'access'],
  ['user-variables that begin with a quote', variables({ 'homing-key': '"a' }).homingKey, '"a'],
  ['user-variables nested', variables({ 'homing-id': 'h', my: { a: [1] } }).homingId, 'h'],
  ['user-variables null', variables(null).homingKey, null],
  ['message-id absent', headers({ from: 'a@b.test' }).messageId, null],
  ['message-id in brackets', headers({ 'message-id': '<a@b.test>' }).messageId, 'a@b.test'],
  ['message-id without @', headers({ 'message-id': 'abc' }).messageId, 'abc'],
  ['headers null', headers(null).from, null],
  ['message null', read(failed({ message: null })).messageId, null],
  ['recipient absent', read(without('recipient')).recipient, null],
  ['recipient as written', read(failed({ recipient: 'AnNa@Example.NET' })).recipient, 'AnNa@Example.NET'],
  ['envelope empty', read(failed({ envelope: {} })).sendingIp, null],
  ['flags.is-routed null', read(failed({ flags: { 'is-routed': null } })).report, 'failed'],
  ['is-delayed-bounce among the flags', bounce(failed({ flags: { 'is-delayed-bounce': true } }))?.delayed, true],
  ['is-delayed-bounce in delivery-status', bounce(status({ 'is-delayed-bounce': true }))?.delayed, true],
  ['timestamp with a fraction', at(1764064800.123456), AT],
  ['timestamp with three digits', at(1521243339.873), 1_521_243_339_873],
  ['timestamp whole', at(1764064800), 1_764_064_800_000],
  ['timestamp numeric text', at('1764064800.123'), AT],
  ['timestamp RFC 2822', at('Tue, 25 Nov 2025 10:00:00 +0000'), 1_764_064_800_000],
  ['timestamp RFC 2822 in GMT', at('Tue, 25 Nov 2025 10:00:00 GMT'), 1_764_064_800_000],
  ['timestamp RFC 2822 in UTC', at('Tue, 25 Nov 2025 10:00:00 UTC'), 1_764_064_800_000],
  ['timestamp RFC 2822 elsewhere', at('Tue, 25 Nov 2025 05:00:00 -0500'), 1_764_064_800_000],
  ['timestamp ISO', at('2025-11-25T10:00:00.123Z'), AT],
  ['timestamp in ms', at(AT), AT],
  ['timestamp in ns', at(1.764064800123e18), AT],
  ['only @timestamp', at(undefined, { '@timestamp': '2025-11-25T10:00:00.123456Z' }), AT],
  ['timestamp infinite', at(Number.POSITIVE_INFINITY), 0],
  ['timestamp of no sense', at({ a: 1 }), 0],
  ['no time at all: when it was signed', readEvent({ event: 'opened' }, { at: AT })?.at, AT],
  ['unknown event name', read({ event: 'list_member_uploaded' }).report, 'other'],
  ['event name of an object member', read({ event: 'constructor' }).report, 'other'],
  ['stored', read({ event: 'stored' }).report, 'other'],
  ['tags that are no tags', read(failed({ tags: ['*'] })).report, 'failed'],
  ['domain absent: that of the storage URL', read(without('domain')).domain, 'mail.example.com'],
  ['domain absent: the one asked about', readEvent({ event: 'opened' }, { domain: 'A.test' })?.domain, 'a.test'],
  ['opened by a machine', read(seen('opened', 'generic')).report, 'other'],
  ['a link followed by a machine', read(seen('clicked', 'gmail')).report, 'other'],
  ['opened, the word for a machine empty', read(seen('opened', '')).report, 'opened'],
  ['opened, the word for a machine null', read(seen('opened', null)).report, 'opened'],
  ['delivered to a machine', read(seen('delivered', 'generic')).report, 'delivered'],
  ['temporary and too old', read(failed({ severity: 'temporary', reason: 'old' })).report, 'failed'],
  [
    'too old, and tried again all the same',
    read(failed({ severity: 'temporary', reason: 'old', 'delivery-status': { 'retry-seconds': 600 } })).report,
    'deferred',
  ],
  ['a member of a list', read(failed({ 'mailing-list': { address: 'devs@b.test', sid: '' } })).list, 'devs@b.test'],
  ['mailing-list empty', read(failed({ 'mailing-list': {} })).list, null],
  ['mailing-list null', read(failed({ 'mailing-list': null })).list, null],
  ['came in by a route', read(failed({ routes: [{ id: 'r1' }] })).inbound, true],
  ['came in, by the flag', read(failed({ flags: { 'is-routed': true } })).inbound, true],
  ['no routes', read(failed({ routes: [] })).inbound, false],
  ['came in, by its author', from('x@sender.test', 'a@mail.example.com').inbound, true],
  ['to ourselves', from('Shop <shop@mail.example.com>', 'a@mail.example.com').inbound, false],
  ['to ourselves, from the domain above', from('shop@example.com', 'a@mail.example.com').inbound, false],
  ['to others', from('x@sender.test', 'a@b.test').inbound, false],
  ['log-level missing', read(without('log-level')).report, 'failed'],
  ['temporary', read(failed({ severity: 'temporary' })).report, 'deferred'],
  ['code permanent, severity temporary', read(failed({ severity: 'temporary' })).bounce?.code, 554],
  ['code temporary, severity permanent', read(failed({ 'delivery-status': { code: 452 } })).report, 'failed'],
  ['severity missing, 4xx', read(failed({ severity: null, 'delivery-status': { code: 421 } })).report, 'deferred'],
  ['severity missing, 5xx', read(failed({ severity: '', 'delivery-status': { code: 550 } })).report, 'failed'],
  ['severity missing, 680', read(failed({ severity: undefined, 'delivery-status': { code: 680 } })).report, 'deferred'],
  [
    'severity missing, 680 with a retry announced',
    read(failed({ severity: undefined, 'delivery-status': { code: 680, 'retry-seconds': 600 } })).report,
    'deferred',
  ],
  [
    'severity missing, 5xx with a retry announced as text',
    read(failed({ severity: undefined, 'delivery-status': { code: 550, 'retry-seconds': '600' } })).report,
    'deferred',
  ],
  ['severity missing, no code', read(failed({ severity: undefined, 'delivery-status': null })).report, 'failed'],
  ['a reason nobody has heard of', bounce(failed({ reason: 'quux' }))?.reason, 'quux'],
  ['rejected, without recipient', read({ event: 'rejected', reject: { reason: 'No' } }).bounce?.message, 'No'],
  ['delivered has no bounce', read(failed({ event: 'delivered' })).bounce, null],
  ['complained', read(failed({ event: 'complained' })).report, 'complained'],
  ['NUL in an id', headers({ 'message-id': 'a\0b@c.test' }).messageId, null],
  ['a lone surrogate in an id', variables({ 'homing-id': 'a\ud800' }).homingId, null],
  ['a lone surrogate in a recipient', read(failed({ recipient: 'a\udc00@b.test' })).recipient, 'a\ufffd@b.test'],
  ['a NUL in a recipient', read(failed({ recipient: 'a@b.test\0' })).recipient, 'a@b.test\ufffd'],
  ['NUL in a text', headers({ subject: 'a\0b' }).subject, 'a\uFFFDb'],
  ['a lone surrogate in a text', headers({ subject: 'a\ud83d' }).subject, 'a\uFFFD'],
  ['a pair is a letter like others', headers({ subject: 'a😀' }).subject, 'a😀'],
];

for (const [oddity, actual, expected] of ODDITIES) {
  test(`survived: ${oddity}`, () => assert.equal(actual, expected));
}

test('what has no name, or is no object, is no event', () => {
  for (const body of [null, undefined, 'x', 7, [], [failed()], {}, { event: '' }, { event: 5 }, { event: null }]) {
    assert.equal(readEvent(body), null);
  }
});

test('a long message keeps its beginning and its end', () => {
  const message = `550 first words ${'x'.repeat(100_000)} last words`;
  const kept = bounce(status({ message }))?.message ?? '';
  assert.equal(kept.length, 2048);
  assert.match(kept, /^550 first words.* … .*last words$/);
});

test('an id too long to be kept exactly is none, rather than another', () => {
  assert.equal(headers({ 'message-id': `${'a'.repeat(2000)}@b.test` }).messageId, null);
});

const keyOf = (changes: Body) => read(failed(changes)).eventKey;

test('the key is the same for the same event from a webhook, the Events API and the Logs API', () => {
  const { timestamp: _time, severity: _severity, storage: _storage, ...rest } = failed();
  const logs = { ...rest, '@timestamp': '2025-11-25T10:00:00.123Z', 'user-variables': '{}' };
  assert.equal(read(logs).eventKey, keyOf({}));
  const bare = { ...logs, domain: undefined };
  assert.equal(readEvent(bare, { domain: 'Mail.example.com' })?.eventKey, keyOf({}));
});

test('one id on several events gives several keys', () => {
  const keys = [
    keyOf({}),
    keyOf({ timestamp: 1764064800.124 }),
    keyOf({ event: 'delivered' }),
    keyOf({ recipient: 'berta@example.net' }),
    keyOf({ domain: { name: 'other.test' } }),
    keyOf({ id: 'other' }),
  ];
  assert.equal(new Set(keys).size, keys.length);
});

test('events without an id are told apart by their message', () => {
  const of = (id: string) => keyOf({ id: null, message: { headers: { 'message-id': id } } });
  assert.notEqual(of('a@b.test'), of('c@b.test'));
});

test('nothing that can be written as JSON makes the reader throw', () => {
  const shape = fc.record(
    Object.fromEntries([...Object.keys(failed()), '@timestamp', 'reject'].map((name) => [name, fc.jsonValue()])),
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(shape, fc.string(), (body, event) => {
      const sighting = readEvent({ ...body, event });
      assert.equal(sighting === null, event.trim() === '');
      if (sighting) assert.ok(Number.isSafeInteger(sighting.at) && sighting.at >= 0);
    }),
  );
});

test('names from Object.prototype neither get in nor out', () => {
  const body: unknown = JSON.parse('{"__proto__":{"polluted":1,"event":"failed"},"constructor":{"prototype":{"p":1}}}');
  assert.equal(readEvent(body), null);
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
});

const dropped = {
  event: 'dropped',
  recipient: 'anna@example.net',
  domain: 'Mail.example.com',
  'Message-Id': '<m1@mail.example.com>',
  reason: 'hardfail',
  code: '550',
  description: 'No such user',
  'message-headers':
    '[["From","shop@mail.example.com"],["Subject","Receipt"],["X-Mailgun-Variables","{\\"homing-id\\":\\"h1\\"}"]]',
  timestamp: '1764064800',
};

test('a legacy webhook about a drop is a permanent failure', () => {
  const { eventKey, ...rest } = readLegacy(dropped) ?? assert.fail();
  assert.match(eventKey, /^[0-9a-f]{64}$/);
  assert.deepEqual(rest, {
    report: 'failed',
    event: 'dropped',
    at: 1_764_064_800_000,
    domain: 'mail.example.com',
    recipient: 'anna@example.net',
    list: null,
    inbound: false,
    messageId: 'm1@mail.example.com',
    homingId: 'h1',
    homingClass: null,
    homingKey: null,
    storage: null,
    from: 'shop@mail.example.com',
    subject: 'Receipt',
    tags: [],
    template: null,
    sendingIp: null,
    recipientProvider: null,
    bounce: {
      code: 550,
      enhancedCode: null,
      message: 'No such user',
      description: 'No such user',
      severity: 'permanent',
      reason: 'hardfail',
      bounceType: null,
      mxHost: null,
      delayed: false,
    },
  });
});

const legacy = (fields: Record<string, string>) => readLegacy({ ...dropped, ...fields });

const LEGACY: [string, unknown, unknown][] = [
  ['bounced with an enhanced code', legacy({ event: 'bounced', code: '5.1.1' })?.bounce?.enhancedCode, '5.1.1'],
  ['bounced with an error', legacy({ event: 'bounced', error: '5.1.1 no' })?.bounce?.message, '5.1.1 no'],
  ['delivered', legacy({ event: 'delivered' })?.report, 'delivered'],
  ['delivered has no bounce', legacy({ event: 'delivered' })?.bounce, null],
  ['complained', legacy({ event: 'complained' })?.report, 'complained'],
  ['opened', legacy({ event: 'opened' })?.report, 'opened'],
  ['clicked', legacy({ event: 'clicked' })?.report, 'clicked'],
  ['unsubscribed', legacy({ event: 'unsubscribed' })?.report, 'unsubscribed'],
  ['something else', legacy({ event: 'quux' })?.report, 'other'],
  ['broken message-headers', legacy({ 'message-headers': '[["From"' })?.from, null],
  ['our variable as a field', legacy({ 'homing-id': 'h9' })?.homingId, 'h9'],
  ['message-id in small letters', readLegacy({ event: 'opened', 'message-id': 'a@b.test' })?.messageId, 'a@b.test'],
  ['no event', readLegacy({ recipient: 'a@b.test' }), null],
  ['a name twice', readLegacy(new URLSearchParams('event=opened&event=mine'))?.event, 'opened'],
  ['the notice of a stored message', legacy({ 'message-url': 'https://a.test/k' })?.storage?.url, 'https://a.test/k'],
];

for (const [name, actual, expected] of LEGACY) {
  test(`a legacy webhook: ${name}`, () => assert.equal(actual, expected));
}

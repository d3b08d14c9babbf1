import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyInTime } from '../../../src/base/ids.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../../src/core/time.ts';
import { openWebhook, reopen } from '../../../src/providers/mailgun/webhook.ts';
import type { Opened as OpenedBody, OpenedEvent } from '../../../src/providers/provider.ts';

const KEY = 'signing-key-of-a-test';
const NOW: Ms = 1_764_064_800_000;
const STAMP = '1764064800';
const TOKEN = '12ce0e'.padEnd(50, '0a1b2c3d');

const hmac = (text: string, key = KEY) => createHmac('sha256', key).update(text).digest('hex');
const sign = (timestamp = STAMP, token = TOKEN, key = KEY) => ({
  timestamp,
  token,
  signature: hmac(timestamp + token, key),
});
const EVENT = { event: 'delivered', id: 'e1', timestamp: 1764064799.5, recipient: 'anna@example.net' };
const bodyOf = (signature: unknown = sign(), event: unknown = EVENT) =>
  JSON.stringify({ signature, 'event-data': event });
/** A webhook of Mailgun holds one event. */
type Opened = ({ kind: 'event' } & OpenedEvent) | Exclude<OpenedBody, { kind: 'events' }>;

function only(opened: OpenedBody): Opened {
  if (opened.kind !== 'events') return opened;
  const [event, ...others] = opened.events;
  assert.ok(event && others.length === 0);
  return { kind: 'event', ...event };
}

const open = (body: string | Buffer, type: string | undefined = 'application/json', keys = [KEY], now = NOW): Opened =>
  only(openWebhook(Buffer.from(body), type, keys, now));

test('a genuine webhook is opened, and kept as it came', () => {
  const body = `${bodyOf()}\n`;
  const opened = open(body);
  assert.ok(opened.kind === 'event');
  assert.equal(opened.replayKey, keyInTime(NOW, hmac(STAMP + TOKEN)));
  assert.equal(opened.body, body);
  assert.equal(opened.contentType, 'application/json');
  assert.equal(opened.sighting?.report, 'delivered');
  assert.deepEqual(reopen(opened.body, opened.contentType), opened.sighting);
});

/** One whose signature is looked for before the whole of it is read. */
const large = (signature: unknown = sign()) => bodyOf(signature, { ...EVENT, filler: 'x'.repeat(20_000) });
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const sized = (bytes: number) => bodyOf().padEnd(bytes, ' ');
const OTHER = JSON.stringify(sign(STAMP, 'x'.repeat(50)));
const WRONG = JSON.stringify({ ...sign(), signature: '0'.repeat(64) });
const signed = (changes: Record<string, unknown>) => bodyOf({ ...sign(), ...changes });
const at = (time: Ms) => bodyOf(sign(String(time / SECOND)));
const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
const legacy = (extra = '') => `${extra}event=delivered&recipient=anna%40example.net&${new URLSearchParams(sign())}`;
const FORM = 'application/x-www-form-urlencoded';

const DECISIONS: [string, Opened['kind'], string | Buffer, string?][] = [
  ['an empty object', 'unusable', '{}'],
  ['a list', 'unusable', '[]'],
  ['null', 'unusable', 'null'],
  ['a string', 'unusable', '"x"'],
  ['nothing', 'unusable', ''],
  ['signature null', 'unusable', '{"signature":null}'],
  ['signature empty', 'unusable', '{"signature":{}}'],
  ['no event', 'event', JSON.stringify({ signature: sign() })],
  ['event null', 'event', bodyOf(sign(), null)],
  ['timestamp a number', 'event', signed({ timestamp: Number(STAMP) })],
  ['timestamp a list', 'unusable', signed({ timestamp: [STAMP] })],
  ['timestamp an object', 'unusable', signed({ timestamp: { toString: STAMP } })],
  ['timestamp true', 'unusable', signed({ timestamp: true })],
  ['timestamp absent', 'unusable', signed({ timestamp: undefined })],
  ['timestamp with a fraction', 'unusable', signed({ timestamp: 1764064800.5 })],
  ['timestamp too large', 'unusable', signed({ timestamp: 2 ** 60 })],
  ['timestamp with a space', 'forged', signed({ timestamp: ` ${STAMP}` })],
  ['timestamp with a sign', 'forged', signed({ timestamp: `+${STAMP}` })],
  ['timestamp with a line end', 'forged', signed({ timestamp: `${STAMP}\n` })],
  ['timestamp in other digits', 'forged', signed({ timestamp: '١٧٦٤٠٦٤٨٠٠' })],
  ['token a number', 'unusable', signed({ token: 5 })],
  ['token a list', 'unusable', signed({ token: [TOKEN] })],
  ['signature a list', 'unusable', signed({ signature: [hmac(STAMP + TOKEN)] })],
  ['event-data twice', 'event', bodyOf().replace('"event-data"', '"event-data":{},"event-data"')],
  ['event-data twice, once escaped', 'event', bodyOf().replace('"event-data"', '"event-d\\u0061ta":{},"event-data"')],
  ['event twice', 'event', bodyOf().replace('"event":', '"event":"failed","event":')],
  ['token twice', 'event', bodyOf().replace('"token":', '"token":"x","token":')],
  ['two right signatures, of which the last counts', 'event', bodyOf().replace(/}$/, `,"signature":${OTHER}}`)],
  ['two right signatures in a large body', 'unusable', large().replace(/}$/, `,"signature":${OTHER}}`)],
  ['a wrong signature after a right one', 'forged', bodyOf().replace(/}$/, `,"signature":${WRONG}}`)],
  ['a right signature after a wrong one', 'event', bodyOf().replace('{', `{"signature":${WRONG},`)],
  ['another signature in a variable before it', 'event', `{"a":{"signature":{"a":1}},${bodyOf().slice(1)}`],
  ['a right signature in a variable', 'unusable', `{"a":${bodyOf()}}`],
  ['a name twice further in', 'event', bodyOf(sign(), { ...EVENT, a: 0 }).replace('"a":0', '"a":{"b":1,"b":2}')],
  ['__proto__', 'event', bodyOf().replace('{', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"p":1}},')],
  ['a signature in __proto__', 'unusable', `{"__proto__":${bodyOf()}}`],
  ['nested 200,000 deep', 'unusable', `{"signature":${JSON.stringify(sign())},"event-data":${nested}}`],
  ['33 deep', 'event', bodyOf(sign(), JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`))],
  ['brackets in a string', 'event', bodyOf(sign(), { ...EVENT, reason: `\\"${'[{'.repeat(99)}` })],
  ['numbers beyond measure', 'event', bodyOf().replace('1764064799.5', '1e400')],
  ['a form of 500,000 fields', 'unusable', `${'a&'.repeat(500_000)}${legacy()}`, FORM],
  ['a form of 200,000 parts', 'unusable', '--b\r\n'.repeat(200_000), 'multipart/form-data; boundary=b'],
  ['plain text', 'unusable', bodyOf(), 'text/plain'],
  ['XML', 'unusable', '<event/>', 'application/xml'],
  ['a form, the application having a token of its own', 'event', legacy('token=theirs&event=mine&'), FORM],
  ['a form with the signature last overwritten', 'forged', `${legacy()}&token=theirs`, FORM],
  ['a form without signature', 'unusable', 'event=delivered', FORM],
  ['a form that says it is JSON', 'unusable', legacy()],
  ['multipart without a boundary', 'unusable', legacy(), 'multipart/form-data'],
  ['JSON without a type', 'event', bodyOf(), ''],
  ['JSON with a charset', 'event', bodyOf(), 'Application/JSON; charset=utf-8'],
  ['UTF-16', 'unusable', Buffer.from(bodyOf(), 'utf16le')],
  ['a byte order mark', 'event', `\uFEFF${bodyOf()}`],
  ['broken UTF-8', 'unusable', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
  ['overlong UTF-8', 'unusable', Buffer.from([0xc0, 0xaf])],
  ['NUL in a form', 'unusable', `x=\0&${legacy()}`, FORM],
  ['NUL in the signature of a form', 'forged', `${legacy()}\0`, FORM],
  ['a lone surrogate, escaped', 'event', bodyOf(sign(), { ...EVENT, recipient: 'a\ud800@b.test' })],
  ['NUL, escaped', 'event', bodyOf(sign(), { ...EVENT, reason: '\0' })],
  [
    'objects under the name of the signature before it',
    'event',
    bodyOf(sign()).replace('{', `{"user-variables":{"signature" : {"a":{}},"b":{"signature":{"by":"Ann"}}},`),
  ],
  ['many objects of that name', 'event', bodyOf(sign()).replace('{', `{"x":[${'{"signature":{}},'.repeat(8)}0],`)],
  [
    'many objects of that name in a large body',
    'event',
    large().replace('{', `{"x":[${'{"signature":{}},'.repeat(7)}0],`),
  ],
  [
    'in a large body more objects of that name than are looked at',
    'unusable',
    large().replace('{', `{"x":[${'{"signature":{}},'.repeat(8)}0],`),
  ],
  ['the triple of another event', 'event', bodyOf(sign(), { ...EVENT, event: 'complained' })],
  [
    'one digit of the token moved to the timestamp',
    'forged',
    signed({ timestamp: `${STAMP}${TOKEN[0]}`, token: TOKEN.slice(1) }),
  ],
  [
    'two digits of the token moved to the timestamp',
    'forged',
    signed({ timestamp: `${STAMP}${TOKEN.slice(0, 2)}`, token: TOKEN.slice(2) }),
  ],
  [
    'one digit of the timestamp moved to the token',
    'forged',
    signed({ timestamp: STAMP.slice(0, 9), token: `0${TOKEN}` }),
  ],
  ['a signature in upper case', 'forged', signed({ signature: hmac(STAMP + TOKEN).toUpperCase() })],
  ['a signature with a prefix', 'forged', signed({ signature: `0x${hmac(STAMP + TOKEN)}` })],
  ['a signature after a space', 'forged', signed({ signature: ` ${hmac(STAMP + TOKEN)}` })],
  ['a signature with a line end', 'forged', signed({ signature: `${hmac(STAMP + TOKEN)}\n` })],
  ['a signature of 63 digits', 'forged', signed({ signature: hmac(STAMP + TOKEN).slice(1) })],
  ['a signature of 65 digits', 'forged', signed({ signature: `${hmac(STAMP + TOKEN)}0` })],
  ['a signature of 64 bytes that are no digits', 'forged', signed({ signature: 'é'.repeat(32) })],
  ['an empty signature', 'forged', signed({ signature: '' })],
  ['a signature of something else', 'forged', signed({ signature: hmac('x') })],
  ['signed with the empty key', 'forged', bodyOf(sign(STAMP, TOKEN, ''))],
  ['signed 8 hours ago, as in a last retry', 'event', at(NOW - 8 * HOUR)],
  ['signed 24 hours ago', 'event', at(NOW - DAY)],
  ['signed a second over 24 hours ago', 'forged', at(NOW - DAY - SECOND)],
  ['signed 25 hours ago', 'forged', at(NOW - 25 * HOUR)],
  ['signed 10 minutes ahead', 'event', at(NOW + 10 * MINUTE)],
  ['signed 25 hours ahead', 'forged', at(NOW + 25 * HOUR)],
  ['a token of 32 digits, as in old ones', 'event', bodyOf(sign(STAMP, 'a1'.repeat(16)))],
  ['a token with other letters', 'event', bodyOf(sign(STAMP, 'Zz9'.repeat(10)))],
  ['a token of digits and a dot', 'forged', bodyOf(sign(STAMP, `${'a'.repeat(31)}.`))],
  ['flat JSON', 'event', JSON.stringify({ ...sign(), event: 'delivered' })],
  ['large flat JSON', 'event', JSON.stringify({ ...sign(), event: 'delivered', filler: 'x'.repeat(20_000) })],
  ['an escaped name', 'event', bodyOf().replace('"signature"', '"sign\\u0061ture"')],
  ['an escaped name in a large body', 'event', large().replace('"signature"', '"sign\\u0061ture"')],
  ['variables nested 40 deep in a large body', 'event', large().replace('"filler"', `"v":${deep(40)},"filler"`)],
  ['16,384 bytes', 'event', sized(16_384)],
  ['16,385 bytes', 'event', sized(16_385)],
];

for (const [name, kind, body, type] of DECISIONS) {
  test(`${name}: ${kind}`, () => assert.equal(open(body, type).kind, kind));
}

test('without a key, or with a blank one, nothing is genuine', () => {
  for (const keys of [[], [''], [' '], ['', '  ']]) {
    for (const key of ['', ' ', '  ']) {
      assert.equal(open(bodyOf(sign(STAMP, TOKEN, key)), 'application/json', keys).kind, 'forged');
    }
  }
});

test('while keys change, both the old and the new one are good', () => {
  for (const key of ['old key', 'new key']) {
    assert.equal(open(bodyOf(sign(STAMP, TOKEN, key)), 'application/json', ['', 'old key', 'new key']).kind, 'event');
  }
});

test('of a subaccount the signature by the key of its parent is enough', () => {
  const parent = sign(STAMP, TOKEN, 'key of the subaccount');
  const by = (key: string) => bodyOf({ ...parent, 'parent-signature': hmac(STAMP + TOKEN, key) });
  const opened = open(by(KEY));
  assert.ok(opened.kind === 'event');
  assert.equal(opened.replayKey, keyInTime(NOW, hmac(STAMP + TOKEN)));
  assert.equal(open(by('another key')).kind, 'forged');
  assert.equal(open(bodyOf({ ...parent, 'parent-signature': [hmac(STAMP + TOKEN)] })).kind, 'forged');
});

test('a replay on another body, and with the time as a number, has the same HMAC', () => {
  const first = open(bodyOf());
  const second = open(signed({ timestamp: Number(STAMP) }).replace('delivered', 'failed'));
  assert.ok(first.kind === 'event' && second.kind === 'event');
  assert.equal(first.replayKey, second.replayKey);
});

test('of a legacy form the first field of a name counts, and of the signature the last', () => {
  const opened = open(
    `${legacy('token=theirs&').replace('&timestamp', '&event=mine&recipient=evil%40a.test&timestamp')}`,
    FORM,
  );
  assert.ok(opened.kind === 'event');
  assert.equal(opened.sighting?.report, 'delivered');
  assert.equal(opened.sighting?.recipient, 'anna@example.net');
  assert.equal(opened.sighting?.at, NOW);
  assert.deepEqual(reopen(opened.body, opened.contentType), opened.sighting);
});

const part = (head: string, value: string) => `--b+1\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`;

test('a legacy multipart body is read, whatever bytes its files hold', () => {
  const fields = { ...sign(), event: 'bounced', code: '5.1.1', error: 'no such\r\nuser' };
  const body = Buffer.concat([
    Buffer.from(
      Object.entries(fields)
        .map(([name, value]) => part(`name="${name}"`, value))
        .join(''),
    ),
    Buffer.from('--b+1\r\nContent-Disposition: form-data; name="event"; filename="event"\r\n\r\n'),
    Buffer.from([0, 0xff, 0xfe, 0xc0]),
    Buffer.from('\r\n--b+1--\r\n'),
  ]);
  const opened = open(body, 'multipart/form-data; boundary="b+1"');
  assert.ok(opened.kind === 'event');
  assert.equal(opened.sighting?.event, 'bounced');
  assert.equal(opened.sighting?.bounce?.enhancedCode, '5.1.1');
  assert.equal(opened.sighting?.bounce?.message, 'no such\r\nuser');
  assert.equal(opened.body.includes('\0'), false);
  assert.deepEqual(reopen(opened.body, opened.contentType), opened.sighting);
});

test('a multipart body is read however its parts are written, and half of one is none', () => {
  const fields = Object.entries({ ...sign(), event: 'bounced', recipient: 'anna@example.net' });
  const parts = fields.map(([name, value]) => part(`name=${name}`, value)).join('');
  const type = 'multipart/form-data; boundary=b+1';
  const whole = `preamble\r\n${parts}${part('name="attachment-1"; filename=""', 'x')}--b+1--\r\nepilogue`;
  const opened = open(whole, type);
  assert.ok(opened.kind === 'event');
  assert.equal(opened.sighting?.recipient, 'anna@example.net');
  assert.equal(open(parts, type).kind, 'unusable');
});

test('a legacy body is UTF-8, whatever charset it names', () => {
  const fields = { ...sign(), event: 'bounced', error: 'Postfach von Jörg ist voll', _charset_: 'koi8-r' };
  const parts = Object.entries(fields).map(([name, value]) =>
    part(`name="${name}"\r\nContent-Type: text/plain; charset=iso-8859-1`, value),
  );
  for (const [body, type] of [
    [`${parts.join('')}--b+1--\r\n`, 'multipart/form-data; boundary=b+1'],
    [new URLSearchParams(fields).toString(), `${FORM}; charset=iso-8859-1`],
  ] as const) {
    const opened = open(body, type);
    assert.ok(opened.kind === 'event');
    assert.equal(opened.sighting?.bounce?.message, fields.error);
    assert.deepEqual(reopen(opened.body, opened.contentType), opened.sighting);
  }
});

test('a multipart body that an earlier version has kept is still read', () => {
  const body = `${part('name="event"', 'bounced')}${part('name="attachment-1"; filename="a"', '\uFFFD')}--b+1--\r\n`;
  assert.equal(reopen(body, 'multipart/form-data; boundary="b+1"')?.report, 'failed');
});

test('the type kept with a body is short and clean, whatever header it came with', () => {
  const opened = open(bodyOf(), `application/json; x=${'y'.repeat(5000)}`);
  assert.ok(opened.kind === 'event');
  assert.equal(opened.contentType, 'application/json');
});

test('an event without a time happened when it was signed', () => {
  const opened = open(bodyOf(sign(), { event: 'opened' }));
  assert.ok(opened.kind === 'event');
  assert.equal(opened.sighting?.at, NOW);
});

test('an item that was asked for is read without an envelope', () => {
  assert.equal(reopen(JSON.stringify(EVENT), null)?.report, 'delivered');
});

test('an item that was kept with the domain it was asked about is the same event', () => {
  const item = JSON.stringify({ domain: 'mail.example.com', item: EVENT });
  const named = JSON.stringify({ ...EVENT, domain: { name: 'mail.example.com' } });
  assert.deepEqual(reopen(item, 'application/json'), reopen(named, null));
  assert.equal(reopen(JSON.stringify({ domain: null, item: EVENT }), 'application/json')?.domain, null);
});

test('what can no longer be read is no event, and no exception', () => {
  for (const [text, type] of [
    ['{', 'application/json'],
    ['[]', null],
    ['{}', null],
    ['x', 'text/plain'],
  ] as const) {
    assert.equal(reopen(text, type), null);
  }
});

test('no detail repeats a token, a signature or a key', () => {
  for (const [, , body, type] of DECISIONS) {
    const opened = open(body, type);
    if (opened.kind === 'event') continue;
    for (const secret of [TOKEN, hmac(STAMP + TOKEN), KEY]) assert.equal(opened.detail.includes(secret), false);
  }
});

test('nothing got into Object.prototype', () => {
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('of a large body not even a signed one is parsed when it has too much in it', () => {
  const filled = (text: string) => bodyOf().replace('"event-data":', `"a":${text},"event-data":`);
  const table: [string, RegExp][] = [
    [filled(nested), /nested too deep/],
    [filled(`[${'1,'.repeat(50_000)}1]`), /more than 5000 values/],
    [filled(`{${Array.from({ length: 8_000 }, (_, n) => `"k${n}":1`).join(',')}}`), /more than 5000 values/],
    [filled(`{"b":"${'x'.repeat(70_000)}"},"a":1`), /stands twice/],
  ];
  for (const [body, words] of table) {
    const opened = open(body);
    assert.equal(opened.kind, 'unusable');
    assert.match('detail' in opened ? opened.detail : '', words);
  }
  assert.equal(open(filled(`{"b":"${'x'.repeat(70_000)}"}`)).kind, 'event');
});

test('shifted digits are refused for their form, and not only for the time that they make', () => {
  for (const [name, , body] of DECISIONS.filter(([n]) => n.startsWith('B2'))) {
    assert.deepEqual(open(body), { kind: 'forged', detail: 'the signature is wrong' }, name);
  }
});

test('no body makes it throw', () => {
  const types = ['application/json', FORM, 'multipart/form-data; boundary=b', undefined, 'text/plain'];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...types), (bytes, type) => {
      assert.notEqual(openWebhook(Buffer.from(bytes), type, [KEY], NOW).kind, 'event');
    }),
  );
});

test('of a large body without a right signature nothing is made but the signature', () => {
  const made: unknown[] = [];
  const event = { marked: 'x'.repeat(20_000) };
  const wrong = JSON.stringify({ signature: { ...sign(), signature: '0'.repeat(64) }, 'event-data': event });
  const { parse } = JSON;
  JSON.parse = (text: string) => {
    made.push(text);
    return parse(text);
  };
  try {
    assert.equal(open(wrong).kind, 'forged');
  } finally {
    JSON.parse = parse;
  }
  assert.deepEqual(
    made.filter((text) => String(text).includes('marked')),
    [],
  );
});

test('a megabyte of anything without a signature is refused for that', () => {
  const fill = (text: string) => text.repeat(Math.ceil(1_000_000 / text.length));
  const bodies = [fill('{},'), fill('['), fill('{"a":'), `{"a":"${fill('x')}"}`, fill('"signature":'), fill('{"a"')];
  for (const body of [...bodies, fill('"signature" '), fill('"signature":{')])
    assert.deepEqual(open(body), { kind: 'unusable', detail: 'it has no signature block of the right types' });
});

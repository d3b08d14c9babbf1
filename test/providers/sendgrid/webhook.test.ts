import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { classify } from '../../../src/classifier/classify.ts';
import { DAY, SECOND } from '../../../src/core/time.ts';
import { readEvent } from '../../../src/providers/sendgrid/event.ts';
import { openWebhook, reopen } from '../../../src/providers/sendgrid/webhook.ts';
import { MORNING } from '../../support/clock.ts';

const keyOf = (base64: string) => createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });

/** sendgrid-nodejs, packages/eventwebhook/src/eventwebhook.spec.js: what SendGrid itself has signed. */
const ONE = {
  key: keyOf(
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==',
  ),
  signature: 'MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=',
  timestamp: '1600112502',
  body: `${JSON.stringify([
    {
      email: 'hello@world.com',
      event: 'dropped',
      reason: 'Bounced Address',
      sg_event_id: 'ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA',
      sg_message_id: 'LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0',
      'smtp-id': '<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>',
      timestamp: 1600112492,
    },
  ])}\r\n`,
};
const TWO = {
  key: keyOf(
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQ4LIFtWztlsF7skFqOncjD1lun4H5w8XOhyOArHW9RcIx/FfEzx6cikC/yPfUvwaX/JScE7Fc9CJD2afQ9Ok3Q==',
  ),
  signature: 'MEYCIQC/I4o6vCgqRYrTljjoVWB/GRWNtxeePlLMHr3x9ETeRQIhAIpV+03nREPTTHWSW0wIOA0EoMPdcNgXa70yCaqDJlu5',
  timestamp: '1619651159',
  body: `${JSON.stringify([
    {
      email: 'invalid@gmail.com',
      event: 'processed',
      send_at: 0,
      sg_event_id: 'cHJvY2Vzc2VkLTE5OTQyMTEyLXFOd0JMZ1BRUWpXNkRKdktRd1NBYnctMA',
      sg_message_id: 'qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56.0',
      'smtp-id': '<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>',
      timestamp: 1619651146,
    },
    {
      email: 'invalid@gmail.com',
      event: 'bounce',
      ip: '167.89.101.76',
      reason:
        '552 5.2.2 The email account that you tried to reach is over quota and inactive. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaPerm c17si1130468pgv.34 - gsmtp',
      sg_event_id: 'Ym91bmNlLTAtMTk5NDIxMTItcU53QkxnUFFRalc2REp2S1F3U0Fidy0w',
      sg_message_id: 'qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56.0',
      'smtp-id': '<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>',
      status: '5.2.2',
      timestamp: 1619651147,
      tls: 1,
      type: 'blocked',
    },
  ])
    .split('},{')
    .join('},\r\n{')}\r\n`,
};

type Vector = typeof ONE;
const open = ({ key, signature, timestamp, body }: Vector, now = Number(timestamp) * SECOND) =>
  openWebhook(
    {
      raw: Buffer.from(body),
      headers: {
        'x-twilio-email-event-webhook-signature': signature,
        'x-twilio-email-event-webhook-timestamp': timestamp,
      },
    },
    [key],
    now,
  );

test('what SendGrid itself has signed is genuine, and reads as it says', () => {
  const one = open(ONE);
  assert.ok(one.kind === 'events');
  assert.deepEqual(
    one.events.map(({ sighting: s }) => [s?.report, s?.messageId, s?.recipient, s?.at, s?.bounce?.message]),
    [['failed', 'LRzXl_NHStOGhQ4kofSm_A', 'hello@world.com', 1600112492000, 'Bounced Address']],
  );
  const two = open(TWO);
  assert.ok(two.kind === 'events');
  const [processed, bounced] = two.events.map((event) => event.sighting);
  assert.deepEqual([processed?.report, processed?.messageId], ['accepted', 'qNwBLgPQQjW6DJvKQwSAbw']);
  assert.equal(bounced?.report, 'failed');
  assert.equal(bounced?.sendingIp, '167.89.101.76');
  const { code, enhancedCode, severity, reason } = bounced?.bounce ?? {};
  assert.deepEqual([code, enhancedCode, severity, reason], [552, '5.2.2', 'permanent', 'blocked']);
  assert.equal(bounced?.bounce && classify(bounced.bounce).cause, 'mailbox_full');
});

test('a signature is right for these bytes, this time and this key alone', () => {
  const forgeries: [string, Partial<Vector>][] = [
    ['without the line end', { body: ONE.body.trimEnd() }],
    ['another address', { body: ONE.body.replace('hello', 'hullo') }],
    ['another time', { timestamp: '1600112503' }],
    ['no time', { timestamp: 'timestamp' }],
    ['a digit moved over', { timestamp: `${ONE.timestamp}[`, body: ONE.body.slice(1) }],
    ['the key of another', { key: TWO.key }],
    ['another signature', { signature: TWO.signature }],
    ['half a signature', { signature: ONE.signature.slice(0, 20) }],
    ['no signature', { signature: '' }],
  ];
  for (const [what, changed] of forgeries)
    assert.deepEqual(
      open({ ...ONE, ...changed }, 1600112502000),
      { kind: 'forged', detail: 'the signature is wrong' },
      what,
    );
});

test('a signature holds for a day, and a stale one tells its time', () => {
  const at = Number(ONE.timestamp) * SECOND;
  for (const off of [-DAY, DAY]) assert.equal(open(ONE, at + off).kind, 'events');
  for (const off of [-DAY - 1, DAY + 1]) {
    const opened = open(ONE, at + off);
    assert.equal(opened.kind === 'forged' && opened.signedAt, at);
  }
});

const ours = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

function signed(body: string) {
  const raw = Buffer.from(body);
  const timestamp = String(MORNING / 1000);
  const signature = sign('sha256', Buffer.concat([Buffer.from(timestamp), raw]), ours.privateKey).toString('base64');
  const headers = {
    'x-twilio-email-event-webhook-signature': signature,
    'x-twilio-email-event-webhook-timestamp': timestamp,
  };
  return { raw, headers };
}
const openText = (body: string) => openWebhook(signed(body), [ONE.key, ours.publicKey], MORNING);
const openList = (events: readonly unknown[]) => openText(`${JSON.stringify(events)}\r\n`);

test('while the key is being changed either will do; without one, or unsigned, it is refused with words that say so', () => {
  assert.equal(openList([]).kind, 'events');
  const { raw, headers } = signed('[]');
  const unkeyed = openWebhook({ raw, headers }, [], MORNING);
  assert.match(unkeyed.kind === 'forged' ? unkeyed.detail : '', /SECONDARY names no key.*signing=/);
  const unsigned = openWebhook({ raw, headers: {} }, [ONE.key], MORNING);
  assert.match(unsigned.kind === 'forged' ? unsigned.detail : '', /Signed Event Webhook/);
});

const EVENT = {
  email: 'ann@example.net',
  event: 'delivered',
  timestamp: MORNING / 1000,
  sg_event_id: 'e1',
  sg_message_id: 'abc.recvd-5f54b5d587-c9xlb-1-67BADEEA-6.0',
  'smtp-id': '<m1@mg.example.com>',
  'homing-id': '01MESSAGE',
};

test('an entry that is no event is kept as what it is, and holds up no other', () => {
  const poison = [null, 7, 'x', [], {}, { event: 5 }, { event: '' }, { email: 'a@b.example' }];
  for (const entry of [...poison, { ...EVENT, email: { a: 1 }, timestamp: 'x', 'homing-id': ['y'] }]) {
    const opened = openList([entry, EVENT]);
    assert.ok(opened.kind === 'events');
    assert.equal(opened.events.length, 2);
    assert.equal(opened.events[1]?.sighting?.homingId, '01MESSAGE');
    for (const { sighting, body } of opened.events) assert.deepEqual(reopen(body), sighting);
    if (poison.includes(entry as never)) assert.equal(opened.events[0]?.sighting, null, JSON.stringify(entry));
  }
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const opened = openText(`[${deep},${JSON.stringify(EVENT)}]`);
  assert.ok(opened.kind === 'events');
  assert.deepEqual(
    opened.events.map(({ sighting }) => sighting?.report),
    [undefined, 'delivered'],
  );
});

test('whatever an entry holds, it is kept, and reads the same again', () => {
  const fields = fc.record(
    {
      event: fc.constantFrom('bounce', 'open', 'x', 7),
      email: fc.jsonValue(),
      timestamp: fc.jsonValue(),
      type: fc.jsonValue(),
    },
    { requiredKeys: ['event'] },
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.jsonValue(), fields), { maxLength: 5 }), (list) => {
      const opened = openList(list);
      assert.ok(opened.kind === 'events');
      assert.equal(opened.events.length, list.length);
      for (const { sighting, body } of opened.events) assert.deepEqual(reopen(body), sighting);
    }),
    { numRuns: 300 },
  );
});

test('what is signed and no list is unusable', () => {
  for (const body of ['', '{', '{}', 'null', '"x"', 'a=b', '[\0]', `[${JSON.stringify(EVENT)}`])
    assert.equal(openText(body).kind, 'unusable', body);
});

test('an event that is posted again has the same key, even with a new id; another has another', () => {
  const keyOfEvent = (more: object) => readEvent({ ...EVENT, ...more })?.eventKey;
  assert.equal(keyOfEvent({ sg_event_id: 'e2' }), keyOfEvent({}));
  const others = [
    { event: 'open' },
    { timestamp: 1 },
    { email: 'bob@example.net' },
    { sg_message_id: 'x' },
    { attempt: '2' },
  ];
  const keys = [{}, ...others].map(keyOfEvent);
  assert.equal(new Set(keys).size, keys.length);
  const nameless = (id: string) => keyOfEvent({ sg_message_id: undefined, 'smtp-id': undefined, sg_event_id: id });
  assert.notEqual(nameless('e1'), nameless('e2'));
});

const READINGS: [object, string, string | null][] = [
  [{ event: 'processed' }, 'accepted', null],
  [{ event: 'deferred', response: '451 4.7.1 try again later', attempt: '3' }, 'deferred', '451 4.7.1 try again later'],
  [{ event: 'delivered', response: '250 OK' }, 'delivered', null],
  [
    { event: 'bounce', type: 'bounce', reason: '550 5.1.1 no such user', status: '5.1.1' },
    'failed',
    '550 5.1.1 no such user',
  ],
  [{ event: 'dropped', reason: 'Unsubscribed Address' }, 'failed', 'Unsubscribed Address'],
  [{ event: 'open' }, 'opened', null],
  [{ event: 'open', sg_machine_open: true }, 'other', null],
  [{ event: 'click', url: 'https://example.com' }, 'clicked', null],
  [{ event: 'spamreport' }, 'complained', null],
  [{ event: 'unsubscribe' }, 'unsubscribed', null],
  [{ event: 'group_unsubscribe', asm_group_id: 1 }, 'unsubscribed', null],
  [{ event: 'group_resubscribe', asm_group_id: 1 }, 'other', null],
  [{ event: 'account_status_change' }, 'other', null],
];

for (const [fields, report, said] of READINGS) {
  test(`${JSON.stringify(fields)} is ${report}`, () => {
    const sighting = readEvent({ ...EVENT, ...fields });
    assert.equal(sighting?.report, report);
    assert.equal(sighting.bounce?.message ?? null, said);
    assert.equal(sighting.homingId, '01MESSAGE');
    assert.equal(sighting.messageId, 'abc');
    assert.equal(sighting.at, MORNING);
  });
}

test('an id is known by what was answered, in its old form as well; a late bounce by its Message-Id', () => {
  const idOf = (more: object) => readEvent({ ...EVENT, ...more })?.messageId;
  assert.equal(
    idOf({ sg_message_id: '14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0' }),
    '14c5d75ce93.dfd.64b469',
  );
  assert.equal(idOf({ sg_message_id: 'abc' }), 'abc');
  assert.equal(idOf({ sg_message_id: undefined }), 'm1@mg.example.com');
});

const DROPS: [string, string][] = [
  ['Bounced Address', 'suppressed'],
  ['Unsubscribed Address', 'suppressed'],
  ['Spam Reporting Address', 'suppressed'],
  ['Spam Content', 'spam_content'],
];

for (const [reason, cause] of DROPS) {
  test(`what SendGrid drops as "${reason}" is ${cause}`, () => {
    const bounce = readEvent({ ...EVENT, event: 'dropped', reason })?.bounce;
    assert.equal(bounce && classify(bounce).cause, cause);
  });
}

test('what no server said is told by SendGrid alone', () => {
  const reason = 'unable to get mx info: failed to get IPs from PTR record: lookup <nil>: unrecognized address';
  const bounce = readEvent({ ...EVENT, event: 'bounce', type: 'blocked', reason })?.bounce;
  assert.equal(bounce?.code, null);
  assert.equal(bounce && classify(bounce).cause, 'bad_domain');
});

// What a mail to the return path of another one tells of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newId, timeOf } from '../../../src/base/ids.ts';
import { judgeBy } from '../../../src/classifier/judge.ts';
import type { Sighting } from '../../../src/core/sighting.ts';
import { DAY } from '../../../src/core/time.ts';
import { createReturnPath, envelopeIdOf } from '../../../src/providers/smtp/return-path.ts';
import { openReturned, reopen } from '../../../src/providers/smtp/webhook.ts';
import * as from from '../../support/returned.ts';

const HANDED = { deliveryId: newId(Date.UTC(2026, 5, 15, 9)), attempt: 2 };
const PATH = createReturnPath({ domain: 'bounces.example.com', keys: ['ab'.repeat(32)] }, 'relay.example:25');
const TO = PATH.addressOf(HANDED);
const BY = { to: TO, recipient: 'ann@example.net' };

type Headers = Record<string, string>;
const ENVELOPE: Headers = { 'x-envelope-to': TO, 'x-envelope-from': '' };

const open = (raw: Buffer, headers: Headers = ENVELOPE) => openReturned(raw, headers, PATH, 'relay.example:25');

function opened(raw: Buffer, headers: Headers = ENVELOPE) {
  const found = open(raw, headers);
  assert.ok(found.kind === 'events', JSON.stringify(found));
  const [event, ...others] = found.events;
  assert.ok(event && others.length === 0);
  return event;
}

function heard(raw: Buffer, headers: Headers = ENVELOPE): Sighting {
  const { sighting } = opened(raw, headers);
  assert.ok(sighting);
  assert.deepEqual(sighting.handedOver, HANDED);
  return sighting;
}

const judge = judgeBy(undefined);
const causeOf = (sighting: Sighting) => sighting.bounce && judge(sighting.bounce, sighting).cause;

test('the bounces of all servers fail the hand-over for what the other server said', () => {
  const causes: [raw: Buffer, cause: string][] = [
    [from.postfix(BY), 'recipient_unknown'],
    [from.exim(BY), 'ip_block'],
    [from.eximAsText(BY), 'recipient_unknown'],
    [from.exchange(BY), 'recipient_unknown'],
    [from.exchangeOfOld(BY), 'mailbox_full'],
    [from.gmail(BY), 'recipient_unknown'],
    [from.qmail(BY), 'recipient_unknown'],
  ];
  for (const [raw, cause] of causes) {
    const sighting = heard(raw);
    const { report, recipient, bounce } = sighting;
    const read = [report, causeOf(sighting), recipient, bounce?.severity];
    assert.deepEqual(read, ['failed', cause, 'ann@example.net', 'permanent'], raw.toString());
  }
  const { bounce } = heard(from.postfix(BY));
  assert.deepEqual(
    [bounce?.code, bounce?.enhancedCode, bounce?.message, bounce?.mxHost],
    [550, '5.1.1', '550 5.1.1 no such user', 'mx.example.net'],
  );
  assert.equal(heard(from.exim(BY)).bounce?.enhancedCode, '5.7.1', 'Exim has 5.0.0 for whatever was said');
});

test('a delay is a temporary failure, after which the server itself tries again', () => {
  for (const raw of [from.postfixDelayed(BY), from.eximWarning(BY)]) {
    const { report, bounce } = heard(raw);
    assert.deepEqual([report, bounce?.severity], ['deferred', 'temporary']);
  }
  assert.equal(causeOf(heard(from.postfixDelayed(BY))), 'mailbox_full');
});

test('what is reported of a success is one, and to be passed on is none', () => {
  const reports = { delivered: 'delivered', expanded: 'expanded', relayed: 'accepted' };
  for (const [action, report] of Object.entries(reports)) {
    const sighting = heard(from.postfix(BY, action, 'Diagnostic-Code: smtp; 250 2.0.0 Ok', '2.0.0'));
    assert.deepEqual([sighting.report, sighting.bounce], [report, null]);
  }
});

test('complaints are told from answers of people and programs, which say nothing of the mail', () => {
  assert.equal(heard(from.complaint(BY)).report, 'complained');
  for (const raw of [from.vacation(BY), from.complaint(BY, 'fraud')]) assert.equal(heard(raw).report, 'other');
});

test('a recipient who stands for others got it when one of them did', () => {
  const one = (address: string, action: string) =>
    `Final-Recipient: rfc822; ${address}\nAction: ${action}\nStatus: 5.1.1\n\n`;
  const about = (...actions: string[]) =>
    heard(from.report(BY, { status: actions.map((action, n) => one(`a${n}@example.net`, action)).join('') })).report;
  assert.equal(about('failed', 'delivered', 'failed'), 'delivered');
  assert.equal(about('failed', 'relayed'), 'accepted');
  assert.equal(about('delayed', 'failed'), 'failed');
});

test('the report on another hand-over of ours is none on this one', () => {
  const named = (id: string) =>
    heard(from.report(BY, { status: `Original-Envelope-Id: ${id}\n\nAction: failed\nStatus: 5.1.1\n` }));
  assert.equal(named(envelopeIdOf({ ...HANDED, attempt: 1 })).report, 'other');
  assert.equal(named(envelopeIdOf({ ...HANDED, deliveryId: newId(0) })).report, 'other');
  assert.equal(named(envelopeIdOf(HANDED).toUpperCase()).report, 'failed');
  assert.equal(named('a name of the relay').report, 'failed');
});

test('without an envelope the address is looked for where servers note it', () => {
  const raw = from.postfix(BY);
  assert.equal(heard(raw, {}).report, 'failed', 'in To');
  for (const field of ['Delivered-To', 'X-Original-To', 'Envelope-To']) {
    const noted = Buffer.concat([
      Buffer.from(`Received: by us\r\n${field}: ${TO}\r\n`),
      from.postfix({ ...BY, to: 'undisclosed@example.com' }),
    ]);
    assert.equal(heard(noted, {}).report, 'failed', field);
  }
});

test('an address that we did not make takes nothing, wherever it stands', () => {
  const other = createReturnPath({ domain: 'bounces.example.com', keys: ['cd'.repeat(32)] }, 'relay.example:25');
  const forged = other.addressOf(HANDED);
  assert.equal(open(from.postfix(BY), { 'x-envelope-to': forged }).kind, 'forged', 'the envelope decides');
  assert.equal(open(from.postfix({ ...BY, to: forged }), {}).kind, 'forged');
  assert.equal(open(Buffer.alloc(0), {}).kind, 'forged');
});

test('a mail for more return paths than any server sends is refused', () => {
  const to = (count: number) =>
    Array.from({ length: count }, (_, n) => PATH.addressOf({ ...HANDED, attempt: n + 1 })).join(',');
  const found = open(from.postfix(BY), { 'x-envelope-to': to(10) });
  assert.equal(found.kind === 'events' && found.events.length, 10);
  assert.equal(open(from.postfix(BY), { 'x-envelope-to': to(11) }).kind, 'unusable');
});

test('the same told twice, by the same server or another, in other words or at another time, is one event', () => {
  const first = opened(from.postfix(BY));
  for (const raw of [from.postfix(BY), from.qmail(BY), from.exim(BY)]) {
    const again = opened(raw, { ...ENVELOPE, 'x-envelope-to': TO.toUpperCase() });
    assert.equal(again.replayKey, first.replayKey);
    assert.equal(again.sighting?.eventKey, first.sighting?.eventKey);
  }
  assert.notEqual(opened(from.postfixDelayed(BY)).replayKey, first.replayKey);
});

test('a mail comes back no earlier than it was sent, whatever the clock of the server says', () => {
  const dated = (date: string) =>
    heard(
      Buffer.from(
        from
          .postfix(BY)
          .toString()
          .replace(/^Date: .*$/m, `Date: ${date}`),
      ),
    );
  const sentAt = timeOf(HANDED.deliveryId);
  assert.equal(dated('Thu, 1 Jan 1970 00:00:00 +0000').at, sentAt);
  assert.equal(dated('nonsense').at, sentAt);
  assert.equal(dated('Tue, 16 Jun 2026 09:00:00 +0000').at, sentAt + DAY);
});

test('it is kept as it came, in any bytes, and of a large one the beginning', () => {
  const words = Buffer.from('Grüße €', 'utf8');
  const latin = Buffer.from('Gr\xfc\xdfe\0', 'latin1');
  for (const bytes of [words, latin]) {
    const { body, contentType, sighting } = opened(Buffer.concat([from.postfix(BY), bytes]));
    assert.match(body, /^Return-Path: <>\r\nDelivered-To: bounce\+/);
    assert.match(body, /Grüße/);
    assert.ok(!body.includes('\0'));
    assert.deepEqual(reopen({ body, contentType }), sighting);
  }
  const large = Buffer.concat([from.postfix(BY), Buffer.alloc(20 * 1024 * 1024, 'x')]);
  const { body, sighting } = opened(large);
  assert.ok(body.length < 300_000);
  assert.equal(sighting?.report, 'failed');
});

test('what can not be taken apart is kept, and says nothing', () => {
  const deep = Array.from({ length: 40 }, (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`);
  assert.equal(heard(Buffer.from(`From: x@y\r\n${deep.join('')}`)).report, 'other');
  assert.equal(open(Buffer.from('no mail at all')).kind, 'unusable');
});

test('what anybody may post is refused in little time, however it is made', () => {
  const long = 'x'.repeat(10_000);
  for (const to of [
    long,
    `${long}@`,
    '<'.repeat(10_000),
    `${'<a@b>'.repeat(2000)},`,
    ','.repeat(16_000),
    `${'bounce+'.repeat(1400)}`,
  ]) {
    const before = process.cpuUsage();
    for (let n = 0; n < 50; n++) {
      assert.equal(open(Buffer.from('From: x@y\r\n\r\n'), { 'x-envelope-to': to }).kind, 'forged');
      assert.equal(open(Buffer.from(`To: ${to}\r\nDelivered-To: ${to}\r\n\r\n`), {}).kind, 'forged');
    }
    const { user } = process.cpuUsage(before);
    assert.ok(user < 1_000_000, `${to.slice(0, 20)} took ${user / 1000} ms`);
  }
});

test('whatever bytes come to a genuine address, they are an event, or refused', () => {
  const pieces = [from.postfix(BY), from.gmail(BY), from.qmail(BY), from.complaint(BY), from.exchange(BY)];
  const cuts = fc.tuple(fc.constantFrom(...pieces), fc.nat(2500), fc.nat(2500), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(cuts, ([raw, start, length, junk]) => {
      const mangled = Buffer.concat([raw.subarray(0, start), junk, raw.subarray(start + length)]);
      const found = open(mangled);
      assert.notEqual(found.kind, 'forged');
      if (found.kind !== 'events') return;
      for (const { sighting, ...kept } of found.events) assert.deepEqual(reopen(kept), sighting);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanForRelay, fieldIn, messageIdOf, senderOf } from '../../src/mail/headers.ts';
import { createRelay } from '../../src/providers/smtp/relay.ts';
import { startWireSmtp } from '../support/wire-smtp.ts';

/** One byte per character, so that a test sees bytes. */
const clean = (text: string) => cleanForRelay(Buffer.from(text, 'latin1')).toString('latin1');

const DROPPED = [
  'X-Mailgun-Variables: {"homing":"1"}',
  'X-Mailgun-Sid: abc',
  'x-mailgun-sending-ip: 192.0.2.1',
  'DKIM-Signature: a=rsa-sha256; v=1;\r\n d=mg.example.com;\r\n\tb=abc',
  'Received: from a by b with HTTP;\r\n Mon, 02 Nov 2026 10:00:00 GMT',
  'RECEIVED: by c',
  'Return-Path: <bounce+abc@mg.example.com>',
  'Bcc: secret@example.com',
  'bcc:\r\n secret@example.com,\r\n\tother@example.com',
  'Bcc : secret@example.com',
  'Bcc\r\n : secret@example.com',
  `Bcc${' '.repeat(20_000)}: secret@example.com`,
  'Resent-Bcc: secret@example.com',
  'ARC-Seal: i=1',
  'ARC-Message-Signature: i=1',
  'ARC-Authentication-Results: i=1; mg',
  'Authentication-Results: mg; dkim=pass',
  'Received-SPF: pass',
  'DomainKey-Signature: a',
];

const KEPT = [
  'From: "Shop" <shop@example.com>',
  'Message-Id: <20261102.1@mg.example.com>',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n  and more',
  'Subject: raw 8-bit \xe4\xf6\xff',
  'X-Google-Original-From: shop@example.com',
  'X-Mailgun: no dash, not theirs',
  'X-Bcc: not a Bcc',
  'Bccx: nor this',
  'Reply-To:no-space@example.com',
  'List-Unsubscribe: <https://example.com/u>,\r\n <mailto:u@example.com>',
  `X-Long: ${'x'.repeat(5000)}`,
  'X-Empty:',
  'a line that is no field at all',
];

const BODY = 'Bcc: this is text\r\n\r\nReceived: so is this\r\n.\r\n\xff\0\n\n\r';

test('what is Mailgun’s, what is trace and what is blind goes, whole; the rest stays byte for byte', () => {
  for (const end of ['\r\n', '\n']) {
    const line = (text: string) => text.replaceAll('\r\n', end) + end;
    for (const dropped of DROPPED) {
      const text = line(KEPT[0] ?? '') + line(dropped) + KEPT.slice(1).map(line).join('') + end + BODY;
      assert.equal(clean(text), KEPT.map(line).join('') + end + BODY, JSON.stringify(dropped.slice(0, 40)));
    }
  }
});

test('any order of fields and any body: what stays is what came', () => {
  const field = fc.oneof(
    fc.constantFrom(...KEPT).map((text) => ({ text, stays: true })),
    fc.constantFrom(...DROPPED).map((text) => ({ text, stays: false })),
  );
  const end = fc.constantFrom('\r\n', '\n');
  fc.assert(
    fc.property(fc.array(fc.tuple(field, end)), end, fc.string({ unit: 'binary-ascii' }), (fields, blank, body) => {
      const write = (some: typeof fields) => some.map(([{ text }, lineEnd]) => text + lineEnd).join('');
      const expected = write(fields.filter(([{ stays }]) => stays)) + blank + body;
      assert.equal(clean(write(fields) + blank + body), expected);
      assert.equal(clean(expected), expected);
    }),
  );
});

test('a mail without header, without body or without anything stays what it is', () => {
  for (const text of [
    '',
    '\r\n',
    '\n',
    '\r\n\r\nBcc: text',
    '\nBcc: text',
    'From: a@example.com',
    'From: a\r\n',
    '\r',
    'x',
  ]) {
    assert.equal(clean(text), text, JSON.stringify(text));
  }
});

test('a mail that ends within a dropped field loses just that', () => {
  assert.equal(clean('From: a\r\nBcc: secret'), 'From: a\r\n');
  assert.equal(clean('Bcc: secret'), '');
  assert.equal(clean('From: a\r\nBcc: secret\r\n folded'), 'From: a\r\n');
});

test('a line of blanks is a fold and not the end of the header', () => {
  assert.equal(
    clean('A: b\r\n \t\r\nBcc: secret\r\n \r\n more\r\nC: d\r\n\r\nbody'),
    'A: b\r\n \t\r\nC: d\r\n\r\nbody',
  );
});

test('no Bcc comes to light on the wire, whatever line ends hid it', async (t) => {
  const server = await startWireSmtp();
  t.after(server.close);
  const relay = createRelay(server.url, { timeout: 5000, dataTimeout: 5000 });
  t.after(() => relay.close());
  for (const end of ['\r', '\n', '\r\n', '\r\r\n']) {
    const text = `From: a@example.com${end === '\r\r\n' ? '\r\n' : end}Bcc: secret@example.com${end}To: b@example.com\r\n\r\nhi`;
    const mime = cleanForRelay(Buffer.from(text));
    await relay.send({ envelopeFrom: 'a@example.com', to: 'b@example.com', mime });
  }
  assert.equal(server.wire().split('\r\nFrom: a@example.com').length - 1, 4);
  assert.doesNotMatch(server.wire(), /bcc|secret/i);
});

/** Each taken by the line, by the fold or by the byte, a quadratic reader would need minutes. */
const MANY: [piece: string, isKept: boolean][] = [
  ['Bcc: a\r\n', false],
  ['A: b\r\n', true],
  [' fold\r\n', true],
  ['\r\t', true],
  ['no colon\n', true],
  [':', true],
];
for (const [piece, isKept] of MANY) {
  test(`two megabytes of ${JSON.stringify(piece)} are cleaned in linear time`, () => {
    const text = piece.repeat(2_000_000 / piece.length);
    const before = process.cpuUsage();
    const cleaned = clean(text);
    const { user, system } = process.cpuUsage(before);
    assert.equal(cleaned === (isKept ? text : ''), true);
    assert.ok(user + system < 5_000_000, `it took ${(user + system) / 1000} ms of the processor's time`);
  });
}

const sender = (header: string) => senderOf(Buffer.from(`${header}\r\n\r\nFrom: body@example.com`));

test('the envelope comes from Sender, else from the first author, never from Return-Path', () => {
  assert.equal(sender('Return-Path: <bounce@mg.example.com>\r\nFrom: Shop <shop@Example.com>'), 'shop@example.com');
  assert.equal(
    sender('From: a@example.com, b@example.com\r\nSender: "B, the second" <b@example.com>'),
    'b@example.com',
  );
  assert.equal(sender('From: a@example.com, b@example.com'), 'a@example.com');
  assert.equal(sender('from:\r\n =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\t<a@example.com>'), 'a@example.com');
  assert.equal(sender('From: "evil@x.test" <a@example.com>'), 'a@example.com');
  assert.equal(sender('Sender: nobody\r\nFrom: a@example.com'), 'a@example.com');
});

test('a sender that is no plain address is none', () => {
  for (const value of [
    '',
    'Shop',
    'undisclosed:;',
    '<>',
    '<a@x.test>\0',
    '<a@x.test\0>',
    'a\r\n@x.test>\r\nRCPT TO:<evil@x.test',
    `${'a'.repeat(20_000)}@x.test`,
  ]) {
    const found = sender(`From: ${value}`);
    assert.ok(found === null || found === 'a@x.test', `${JSON.stringify(value)}: ${found}`);
  }
  assert.equal(sender('To: a@example.com'), null);
  assert.equal(sender(`From: ${'(('.repeat(1_000_000)}`), null);
});

test('the message id is read without its brackets', () => {
  const id = (header: string) => messageIdOf(Buffer.from(`${header}\r\n\r\nMessage-Id: <body@x>`));
  assert.equal(id('Message-Id: <1.2@mg.example.com>'), '1.2@mg.example.com');
  assert.equal(id('MESSAGE-ID:\r\n <1.2@mg.example.com>'), '1.2@mg.example.com');
  assert.equal(id('Message-ID: 1.2@mg.example.com'), '1.2@mg.example.com');
  assert.equal(id('Message-Id: <1 2@mg.example.com>'), null);
  assert.equal(id('Message-Id:'), null);
  assert.equal(id('From: a@example.com'), null);
});

test('a header of megabytes is not searched for its sender, and yet no blind copy leaves with it', (t) => {
  const lines = 'X: y\n'.repeat(200_000);
  const mime = Buffer.from(
    `${lines}From: shop@example.com\nBcc: secret@example.com\n${lines}bcc: secret@example.net\n\nHi`,
  );
  const texts = t.mock.method(Buffer.prototype, 'toString');
  assert.equal(senderOf(mime), null);
  // The names of the fields in two looks at the first 256 KB.
  assert.ok(texts.mock.callCount() <= (2 * 256 * 1024) / 5 + 4, `${texts.mock.callCount()}`);
  texts.mock.restore();
  assert.equal(cleanForRelay(mime).toString(), `${lines}From: shop@example.com\n${lines}\nHi`);
});

test('a header of tens of thousands of fields is not gone through to its end', () => {
  const many = (n: number) => Buffer.from(`${'X: y\r\n'.repeat(n)}Subject: here\r\n\r\n`);
  assert.equal(fieldIn(many(1000), 'subject'), 'here');
  assert.equal(fieldIn(many(20_000), 'subject'), null);
});

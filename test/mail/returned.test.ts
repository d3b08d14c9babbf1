import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDeliveryStatus } from '../../src/mail/delivery-status.ts';
import { readMime } from '../../src/mail/read-mime.ts';
import { type EnvelopeSender, type Returned, readReturned } from '../../src/mail/returned.ts';
import * as from from '../support/returned.ts';

const BY = { to: 'bounce+1@bounces.example.com', recipient: 'ann@example.net' };

function read(raw: Buffer, sender: EnvelopeSender = ''): Returned {
  const mail = readMime(raw);
  assert.ok(typeof mail !== 'string', String(mail));
  return readReturned(mail, sender);
}

const statusIn = (returned: Returned) => (returned.kind === 'status' ? returned.status.recipients : []);

test('the reports of servers say what was done, about whom, and in which words', () => {
  const ann = { final: 'ann@example.net', action: 'failed' };
  const at = { remoteMta: 'mx.example.net' };
  const same = { original: 'ann@example.net' };
  assert.deepEqual(statusIn(read(from.postfix(BY))), [
    { ...ann, ...at, ...same, status: '5.1.1', diagnostic: '550 5.1.1 no such user' },
  ]);
  const blocked = '550-5.7.1 Connections from 192.0.2.9 are refused, 550 5.7.1 as it is on a block list';
  assert.deepEqual(statusIn(read(from.exim(BY))), [
    { ...ann, ...at, original: null, status: '5.0.0', diagnostic: blocked },
  ]);
  const unknown =
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann@example.net not found by SMTP address lookup';
  assert.deepEqual(statusIn(read(from.exchange(BY))), [
    { ...ann, ...same, remoteMta: null, status: '5.1.10', diagnostic: unknown },
  ]);
  assert.deepEqual(statusIn(read(from.exchangeOfOld(BY))), [
    {
      ...{ ...ann, ...at, original: null, status: '5.2.2' },
      diagnostic: 'mx.example.net #5.2.2 smtp;552-5.2.2 The mailbox is over its quota',
    },
  ]);
  const [gmail] = statusIn(read(from.gmail(BY)));
  assert.deepEqual([gmail?.action, gmail?.status, gmail?.final], ['failed', '5.1.1', 'ann@example.net']);
  const [delayed] = statusIn(read(from.postfixDelayed(BY)));
  assert.deepEqual([delayed?.action, delayed?.diagnostic], ['delayed', '452 4.2.2 mailbox is full']);
});

test('what the returned mail itself says is not what the server says', () => {
  for (const raw of [from.postfix(BY), from.eximAsText(BY), from.qmail(BY)])
    assert.doesNotMatch(JSON.stringify(read(raw)), /is not what happened|Your receipt/);
});

test('a bounce in the own form of a server is one, with what it says of the recipient', () => {
  const qmail = read(from.qmail(BY));
  assert.deepEqual(qmail, {
    ...{ kind: 'bounce', isDelay: false, recipient: 'ann@example.net' },
    text: '<ann@example.net>:\r\n192.0.2.7 does not like recipient.\r\nRemote host said: 550 5.1.1 no such user\r\nGiving up on 192.0.2.7.',
  });
  const exim = read(from.eximAsText(BY));
  assert.ok(exim.kind === 'bounce' && !exim.isDelay && exim.recipient === 'ann@example.net');
  assert.match(exim.text, /550 5\.1\.1 no such user here$/);
  const warning = read(from.eximWarning(BY));
  assert.ok(warning.kind === 'bounce' && warning.isDelay);
});

test('any server may refuse in its own words, as long as nobody else speaks', () => {
  const refusal = (header: string, text: string) => Buffer.from(`${header}\nSubject: Hello\n\n${text}\n`);
  const said = 'The mail was refused:\n550 5.7.1 spam\n';
  assert.equal(read(refusal('From: filter@gate.example', said)).kind, 'bounce');
  assert.equal(read(refusal('From: MAILER-DAEMON@gate.example', said), null).kind, 'bounce');
  assert.equal(read(refusal('From: ann@example.net', said), 'ann@example.net').kind, 'other');
  assert.equal(read(refusal('From: ann@example.net', said), null).kind, 'other');
  assert.equal(read(refusal('From: filter@gate.example', 'Thank you for your mail, we are 450 people.')).kind, 'other');
  const quoted = 'Mail to my old address is answered 550 5.1.1 no such user, write to bob@example.net.';
  assert.equal(
    read(refusal('From: Ann <ann@example.net>', quoted)).kind,
    'other',
    'what a person writes of another mail',
  );
});

test('answers of auto-responders are no bounces, whatever they say and however they mark themselves', () => {
  const marks = ['Auto-Submitted: auto-replied', 'Auto-Submitted: auto-replied (vacation)', 'Precedence: bulk'];
  for (const mark of [...marks, 'Precedence: auto_reply', 'X-Autoreply: yes', 'X-Autorespond: Re'])
    assert.equal(read(from.vacation(BY, `${mark}\n`)).kind, 'other', mark);
  assert.equal(read(from.vacation(BY, 'Auto-Submitted: auto-replied\nX-Quote: 550 5.1.1 x\n')).kind, 'other');
});

test('a complaint is one; other reports of that form and notes that a mail was seen are not', () => {
  assert.equal(read(from.complaint(BY)).kind, 'complaint');
  for (const kind of ['not-spam', 'fraud', 'virus', 'auth-failure', 'other', ''])
    assert.equal(read(from.complaint(BY, kind)).kind, 'other', kind);
  const seen = from.report(BY, { status: 'Disposition: manual-action/MDN-sent-manually; displayed\n' });
  const raw = seen.toString().replaceAll('delivery-status', 'disposition-notification');
  assert.equal(read(Buffer.from(raw)).kind, 'other');
});

test('a report that is attached to a mail of somebody is none of the server', () => {
  const inner = from.postfix(BY).toString();
  const raw = `From: ann@example.net\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--x--\r\n`;
  assert.equal(read(Buffer.from(raw)).kind, 'other');
});

test('a report without anything that was done is judged by the words to people', () => {
  const returned = read(from.report(BY, { status: 'Reporting-MTA: dns; relay.example\n', text: 'Host not found' }));
  assert.ok(returned.kind === 'bounce');
  assert.equal(returned.text, 'Host not found');
});

test('fields come in any order and case, with comments, without the fields of the mail, and without spaces', () => {
  const { recipients, envelopeId } = readDeliveryStatus(
    Buffer.from(
      'ACTION: Failed (bounced)\nSTATUS: 5.2.1 (disabled)\nfinal-recipient:RFC822;<Ann@example.net>\nOriginal-Envelope-Id: x1\n',
    ),
  );
  assert.equal(envelopeId, 'x1');
  assert.deepEqual(recipients, [
    { action: 'failed', original: null, final: 'Ann@example.net', status: '5.2.1', diagnostic: null, remoteMta: null },
  ]);
  for (const action of ['deliverable', 'fail', '', '5.1.1', 'constructor'])
    assert.deepEqual(readDeliveryStatus(Buffer.from(`Action: ${action}\nStatus: 5.1.1\n`)).recipients, [], action);
});

test('mails that are made to take time are read in little', () => {
  const many = 'Action: failed\nFinal-Recipient: rfc822; ann@example.net\n\n'.repeat(5000);
  const hostile = {
    'a hundred thousand groups': from.report(BY, { status: many }),
    'empty lines': from.report(BY, { status: '\n \n'.repeat(80_000) }),
    'one field of all': from.report(BY, {
      status: `Diagnostic-Code: smtp; ${'550-'.repeat(60_000)}\nAction: failed\n`,
    }),
    'folded without end': from.report(BY, { status: `Action: failed\nStatus:${'\n 5.1.1;'.repeat(30_000)}\n` }),
    hyphens: from.report(BY, { status: '', text: '-'.repeat(250_000) }),
    blanks: Buffer.from(`From: <>\nSubject: x\n\n${' \t'.repeat(120_000)}550`),
    codes: Buffer.from(`From: x@y\nSubject: x\n\n${'550 '.repeat(60_000)}`),
    'a subject of words': Buffer.from(`From: MAILER-DAEMON@x\nSubject: ${'=?utf-8?q?a?= '.repeat(18_000)}\n\nx`),
    'angle brackets': Buffer.from(`From: x@y\n\nHi. This is the ${'\n\n<'.repeat(80_000)}`),
  };
  for (const [name, raw] of Object.entries(hostile)) {
    const before = process.cpuUsage();
    read(raw);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 1_000_000, `${name} took ${user / 1000} ms`);
  }
  const { recipients } = readDeliveryStatus(Buffer.from(many));
  assert.equal(recipients.length, 100);
});

test('any bytes are read as something', () => {
  for (const raw of ['', '\0', '\r', ':', '--', 'Content-Type: multipart/report; boundary=""\n\n--\n--'])
    assert.equal(read(Buffer.from(raw)).kind, 'other', JSON.stringify(raw));
  const latin = Buffer.concat([
    from
      .report(BY, { status: 'Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 unbekannt' })
      .subarray(0, -160),
    Buffer.from([0xe4, 0xff, 0xfe]),
  ]);
  assert.equal(read(latin).kind, 'status');
});

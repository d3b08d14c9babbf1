import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import MailComposer from 'nodemailer/lib/mail-composer';
import { within } from '../../../src/base/deadline.ts';
import { MINUTE, SECOND } from '../../../src/core/time.ts';
import { type SimSendGridOptions, startSimSendGrid } from '../../../src/lab/sim/sendgrid.ts';
import { createSendGrid } from '../../../src/providers/sendgrid/provider.ts';
import { clockAt } from '../../support/clock.ts';
import { KEY, MAIL } from './support.ts';

async function setup(t: TestContext, options: Partial<SimSendGridOptions> = {}) {
  const sim = await startSimSendGrid({ apiKey: KEY, clock: clockAt(), ...options });
  t.after(sim.close);
  const provider = createSendGrid(sim.secondary, { lease: MINUTE });
  t.after(provider.close);
  const send = (mime: Buffer | string = '') =>
    provider.handOver(mime === '' ? MAIL : { ...MAIL, content: { mime: Buffer.from(mime) } }, within(10 * SECOND));
  const sent = async (mime: Buffer | string) => {
    const answer = await send(mime);
    assert.equal(answer.kind, 'accepted', JSON.stringify(answer));
    const mail = sim.mails.at(-1)?.sent;
    assert.ok(mail);
    return mail;
  };
  return { sim, provider, send, sent };
}

test('a mail arrives with its texts, pictures, files and headers, to one recipient, and untouched', async (t) => {
  const { sim, sent } = await setup(t);
  const picture = Buffer.from([137, 80, 78, 71, 0, 255]);
  const mime = await new MailComposer({
    from: '"Müller, Jörg" <shop@mg.example.com>',
    to: ['bob@example.net', '"Ann, the first" <Ann@example.net>'],
    cc: 'carl@example.net',
    replyTo: ['help@example.com', 'Zoë <zoe@example.com>'],
    subject: 'Zurücksetzen',
    text: 'Zwölf',
    html: '<a href="https://example.com/reset?a=1">Zwölf</a><img src="cid:logo@x">',
    messageId: '<m1@mg.example.com>',
    headers: {
      'X-Shop': 'ä',
      'List-Unsubscribe': '<https://example.com/u>',
      'X-SMTPAPI': '{"to":["eve@example.net"]}',
    },
    attachments: [
      { filename: 'logo.png', content: picture, cid: 'logo@x', contentDisposition: 'inline' },
      { filename: 'Rechnung März.pdf', content: Buffer.from('%PDF'), contentType: 'application/pdf; x=1' },
    ],
  })
    .compile()
    .build();
  const mail = await sent(
    Buffer.concat([Buffer.from('Bcc: eve@example.net\r\nX-Mailgun-Tag: x\r\nNo name: x\r\n'), mime]),
  );
  assert.deepEqual(mail.personalizations, [
    { to: [{ email: 'ann@example.net', name: '"Ann, the first"' }], custom_args: { 'homing-id': MAIL.messageId } },
  ]);
  assert.deepEqual(mail.from, { email: 'shop@mg.example.com', name: 'Müller, Jörg' });
  assert.deepEqual(mail.reply_to_list, [{ email: 'help@example.com' }, { email: 'zoe@example.com', name: 'Zoë' }]);
  assert.equal(mail.subject, 'Zurücksetzen');
  assert.deepEqual(
    mail.content.map(({ type, value }) => [type, value.trim()]),
    [
      ['text/plain', 'Zwölf'],
      ['text/html', '<a href="https://example.com/reset?a=1">Zwölf</a><img src="cid:logo@x">'],
    ],
  );
  assert.deepEqual(mail.attachments, [
    {
      content: picture.toString('base64'),
      type: 'image/png',
      filename: 'logo.png',
      disposition: 'inline',
      content_id: 'logo@x',
    },
    {
      content: Buffer.from('%PDF').toString('base64'),
      type: 'application/pdf',
      filename: '=?UTF-8?B?UmVjaG51bmcgTcOkcnoucGRm?=',
      disposition: 'attachment',
    },
  ]);
  assert.deepEqual(Object.keys(mail.headers ?? {}).sort(), ['List-Unsubscribe', 'Message-ID', 'X-Shop']);
  assert.equal(mail.headers?.['Message-ID'], '<m1@mg.example.com>');
  for (const tracking of ['click_tracking', 'open_tracking', 'subscription_tracking', 'ganalytics'])
    assert.equal(mail.tracking_settings?.[tracking]?.enable, false, tracking);
  assert.doesNotMatch(JSON.stringify(sim.requests.at(-1)?.json), /bob@|carl@|eve@/, 'nobody else is named');
});

test('what the API insists on is there for mails that lack it', async (t) => {
  const { sent } = await setup(t);
  const bare = await sent('To: ann@example.net\r\n\r\n');
  assert.deepEqual(bare.from, { email: MAIL.sender });
  assert.equal(bare.subject, '(no subject)');
  assert.deepEqual(bare.content, [{ type: 'text/plain', value: ' ' }]);
  assert.deepEqual(bare.headers, { 'Message-ID': `<${MAIL.rfcMessageId}>` });
});

test('an invitation is another form of the text, and texts in several pieces are one', async (t) => {
  const { sent } = await setup(t);
  const part = (type: string, body: string) => `--b\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
  const of = (kind: string, ...parts: string[]) =>
    sent(`Content-Type: multipart/${kind}; boundary=b\r\n\r\n${parts.join('')}--b--\r\n`);
  const invitation = await of(
    'alternative',
    part('text/html', '<p>'),
    part('text/calendar; method=REQUEST', 'BEGIN'),
    part('text/plain', 'x'),
  );
  assert.deepEqual(
    invitation.content.map(({ type }) => type),
    ['text/plain', 'text/html', 'text/calendar'],
  );
  const footed = await of('mixed', part('text/plain', 'x'), part('image/png', 'png'), part('text/plain', 'the list'));
  assert.deepEqual(footed.content, [{ type: 'text/plain', value: 'x\nthe list' }]);
  assert.deepEqual(
    footed.attachments?.map(({ type, filename, disposition }) => [type, filename, disposition]),
    [['image/png', 'attachment-1', 'attachment']],
  );
});

test('what would not be the same mail afterwards is refused, and nothing is sent', async (t) => {
  const { sim, send } = await setup(t);
  const answer = await send('Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n');
  assert.equal(answer.kind === 'refused' && answer.why, 'invalid');
  assert.equal(sim.requests.length, 0);
});

const ANSWERS = [
  [{ status: 400, body: '{"errors":[{"message":"Does not contain a valid address.","field":"to"}]}' }, 'invalid'],
  [{ status: 400, body: '<html>Bad Request' }, 'busy'],
  [{ status: 401, body: '{"errors":[{"message":"Maximum credits exceeded"}]}' }, 'account'],
  [{ status: 403, body: '{"errors":[{"message":"The from address does not match","field":"from"}]}' }, 'account'],
  [{ status: 413, body: '' }, 'invalid'],
  [{ status: 429, body: '{"errors":[{"message":"too many requests"}]}' }, 'busy'],
  [{ status: 503, body: '<html>no healthy upstream' }, 'busy'],
  [{ redirect: 302, to: 'http://127.0.0.1:1/' }, 'unanswered'],
  [{ status: 408 }, 'unanswered'],
  [{ status: 500, body: '{"errors":[]}' }, 'unanswered'],
  [{ status: 503, body: '{"errors":[]}' }, 'unanswered'],
  [{ status: 504, body: '<html>' }, 'unanswered'],
  [{ status: 200, body: '{}' }, 'unanswered'],
  [{ status: 202, body: '' }, 'unanswered'],
  ['garbage', 'unanswered'],
  ['emptyBody', 'accepted'],
] as const;

for (const [how, means] of ANSWERS) {
  test(`${JSON.stringify(how)} is read as ${means}`, async (t) => {
    const { sim, send } = await setup(t);
    sim.misbehave(() => true, how);
    const answer = await send();
    assert.equal(answer.kind === 'refused' ? answer.why : answer.kind, means, JSON.stringify(answer));
    assert.equal(sim.requests.length, 1, 'never twice');
  });
}

test('a wrong key, a key that may not send and a sender that is not verified are about the account', async (t) => {
  const cases = [
    { apiKey: 'SG.another-key-0123456789abcdef' },
    { scopes: ['stats.read'] },
    { senders: ['other.example'] },
  ];
  for (const options of cases) {
    const { sim, provider: right } = await setup(t, options);
    await right.close();
    const provider = createSendGrid(sim.secondary.replace(/\/\/[^@]*@/, `//${KEY}@`), { lease: MINUTE });
    t.after(provider.close);
    const answer = await provider.handOver(MAIL, within(10 * SECOND));
    assert.equal(answer.kind === 'refused' && answer.why, 'account', JSON.stringify(answer));
    assert.ok(!JSON.stringify(answer).includes(KEY));
  }
});

test('it is left alone until the moment that it names, by its own clock', async (t) => {
  const { sim, send } = await setup(t);
  const date = 'Wed, 25 Nov 2026 10:00:00 GMT';
  const reset = (seconds: number) => String(Date.UTC(2026, 10, 25, 10) / 1000 + seconds);
  const waits = async (headers: Record<string, string>) => {
    const ends = sim.misbehave(() => true, { status: 429, headers: { Date: date, ...headers } });
    const answer = await send();
    ends();
    return answer.kind === 'refused' ? answer.retryAfter : null;
  };
  assert.equal(await waits({ 'X-RateLimit-Reset': reset(42) }), 42 * SECOND);
  assert.equal(await waits({ 'X-RateLimit-Reset': reset(86_400) }), 10 * MINUTE);
  assert.equal(await waits({ 'X-RateLimit-Reset': reset(-5) }), undefined);
  assert.equal(await waits({ 'X-RateLimit-Reset': 'soon' }), undefined);
  assert.equal(await waits({ 'Retry-After': '7', 'X-RateLimit-Reset': reset(42) }), 7 * SECOND);
});

test('the words of a refusal show no address and no key', async (t) => {
  const { sim, send } = await setup(t);
  const message = `ann@example.net is not to be had with ${KEY}`;
  sim.misbehave(() => true, { status: 400, body: JSON.stringify({ errors: [{ message, field: 'to' }] }) });
  const answer = await send();
  assert.match(answer.detail, /^400: a\*\*\*@example\.net is not to be had with \[hidden\] \(to\)$/);
});

test('verifying says whether the key may send', async (t) => {
  const { provider } = await setup(t);
  assert.deepEqual(await provider.verify?.(), { ok: true });
  const { provider: reading } = await setup(t, { scopes: ['stats.read'] });
  assert.deepEqual(await reading.verify?.(), { ok: false, detail: 'its API key may not send (mail.send)' });
  const { sim } = await setup(t, { apiKey: 'SG.another-key' });
  const wrong = createSendGrid(sim.secondary.replace('SG.another-key', KEY), { lease: MINUTE });
  t.after(wrong.close);
  const said = await wrong.verify?.();
  assert.match(said && 'detail' in said ? said.detail : '', /^401: The provided authorization grant is invalid/);
});

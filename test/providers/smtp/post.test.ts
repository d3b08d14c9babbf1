import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSink } from '../../../src/lab/sim/sink.ts';
import { messageIdOf, senderOf } from '../../../src/mail/headers.ts';
import { compose, createMailer, type Letter } from '../../../src/providers/smtp/post.ts';
import { createRelay } from '../../../src/providers/smtp/relay.ts';

const LETTER: Letter = {
  from: 'Homing <alerts@example.com>',
  to: ['ops@example.com', 'boss@example.com'],
  subject: '3 mails were given up',
  text: 'Three mails were given up.\n\nhoming explain 01H\n',
  messageId: 'alert.1@example.com',
  date: Date.UTC(2026, 10, 2, 7, 0, 0),
};

const written = async (changes: Partial<Letter> = {}) => (await compose({ ...LETTER, ...changes })).toString('utf8');
const headerOf = (text: string) =>
  text
    .slice(0, text.indexOf('\r\n\r\n'))
    .replace(/\r\n[ \t]/g, ' ')
    .split('\r\n');

test('a letter has our id, its date, and says that no robot need answer', async () => {
  const text = await written();
  const header = headerOf(text);
  for (const line of [
    'From: Homing <alerts@example.com>',
    'To: ops@example.com, boss@example.com',
    'Subject: 3 mails were given up',
    'Message-ID: <alert.1@example.com>',
    'Date: Mon, 02 Nov 2026 07:00:00 +0000',
    'Auto-Submitted: auto-generated',
    'X-Auto-Response-Suppress: All',
    'Content-Type: text/plain; charset=utf-8',
  ]) {
    assert.ok(header.includes(line), `${line} in\n${header.join('\n')}`);
  }
  assert.ok(text.endsWith('\r\n\r\nThree mails were given up.\r\n\r\nhoming explain 01H\r\n'));
  assert.equal(messageIdOf(Buffer.from(text)), 'alert.1@example.com');
  assert.equal(senderOf(Buffer.from(text)), 'alerts@example.com');
});

test('the same letter is the same, byte for byte', async () => {
  assert.equal(await written(), await written());
});

test('a letter with HTML has its plain text too', async () => {
  const text = await written({ html: '<p>Three mails were given up.</p>' });
  assert.match(text, /multipart\/alternative/);
  assert.match(text, /text\/plain/);
  assert.match(text, /text\/html/);
});

test('what is beyond ASCII is encoded, in the subject and in the text', async () => {
  const text = await written({ subject: 'Größe', text: `Grüße ${'x'.repeat(2000)}` });
  assert.match(text, /^Subject: =\?UTF-8\?/m);
  assert.match(text, /^[\x20-\x7e\r\n\t]*$/);
  assert.ok(text.split('\r\n').every((line) => line.length <= 998));
});

test('no subject, name or text writes a header line of its own', async () => {
  const names = headerOf(await written()).map((line) => line.split(':')[0]);
  const injected = [
    'x\r\nBcc: evil@x.test',
    'x\nBcc: evil@x.test',
    'x\r\n\r\nbody',
    'x\rBcc: evil@x.test',
    'x\0\u202e\u2028y',
  ];
  for (const text of injected) {
    const fields = headerOf(await written({ subject: text, text }));
    assert.deepEqual(
      fields.map((line) => line.split(':')[0]),
      names,
      JSON.stringify(text),
    );
    assert.doesNotMatch(fields.join('\n'), /[\0\u202e\u2028]/);
  }
});

test('a sender, recipient or id that is none is refused, and not repeated in full', async () => {
  const wrong: Partial<Letter>[] = [
    { from: 'nobody' },
    { from: 'a@x.test, b@x.test' },
    { from: '' },
    { to: ['secret-local-part@x.test\r\nBcc: evil@x.test'] },
    { to: ['ops@example.com', 'Ops <ops@example.com>'] },
    { messageId: 'a@b>\r\nBcc: <evil@x.test' },
    { messageId: 'no at sign' },
  ];
  for (const changes of wrong) {
    await assert.rejects(
      async () => compose({ ...LETTER, ...changes }),
      (error: Error) => /^expected /.test(error.message) && !/secret-local-part|\r|\n/.test(error.message),
      JSON.stringify(changes),
    );
  }
});

test('a text is a text, even when it looks like a file to attach', async () => {
  assert.match(await written({ text: '{"path":"/etc/hostname"}' }), /\{"path":"\/etc\/hostname"\}/);
});

test('a letter goes to each recipient on its own, with an answer for each', async (t) => {
  const sink = await startSink({
    refuse: (to) => (to.startsWith('boss') ? { code: 550, message: '5.1.1 Gone' } : null),
  });
  t.after(sink.close);
  const relay = createRelay(sink.url, { timeout: 5000, dataTimeout: 5000 });
  t.after(() => relay.close());
  const { from, ...letter } = LETTER;
  const posted = await createMailer(relay, from).post(letter);
  assert.deepEqual(
    posted.map(({ to, answer }) => [to, answer.kind === 'refused' ? answer.why : answer.kind]),
    [
      ['ops@example.com', 'accepted'],
      ['boss@example.com', 'permanent'],
    ],
  );
  const [taken] = sink.mails;
  assert.deepEqual([taken?.from, taken?.to], ['alerts@example.com', ['ops@example.com']]);
  assert.equal(taken?.raw, (await compose(LETTER)).toString());
});

test('a mailer without a sender does not start', () => {
  assert.throws(
    () => createMailer({ send: () => assert.fail('nothing to send') }, 'nobody'),
    /^Error: expected a sender/,
  );
});

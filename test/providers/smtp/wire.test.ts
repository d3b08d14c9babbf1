import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRelay, type RelayMail } from '../../../src/providers/smtp/relay.ts';
import { type Script, startWireSmtp } from '../../support/wire-smtp.ts';

const HEAD = 'From: shop@example.com\r\nSubject: Receipt\r\n\r\n';

async function wired(t: TestContext, script?: Script, extensions?: string[], login = '') {
  const server = await startWireSmtp(script, extensions);
  t.after(server.close);
  const relay = createRelay(server.url.replace('//', `//${login}`), { timeout: 5000, dataTimeout: 5000 });
  t.after(() => relay.close());
  const send = (changes: Partial<RelayMail> = {}) =>
    relay.send({ envelopeFrom: 'shop@example.com', to: 'anna@example.com', mime: Buffer.from(HEAD), ...changes });
  return { server, send };
}

const sayAfterDot =
  (reply: string): Script =>
  (command) =>
    command === '.' ? reply : undefined;

test('no line of a body becomes a command: every dot is stuffed, every line end is CRLF', async (t) => {
  const smuggled = 'MAIL FROM:<evil@x.test>\r\nRCPT TO:<victim@x.test>\r\nDATA\r\nboo\r\n';
  const ends = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r\n', '\r.\r\n', '\r\n.\r', '\n.\r', '\n..\n'];
  for (const end of ends) {
    const { server, send } = await wired(t);
    const answer = await send({ mime: Buffer.from(`${HEAD}hello${end}${smuggled}`) });
    assert.equal(answer.kind, 'accepted');
    const verbs = server.commands.map((command) => command.split(/[ :]/)[0]);
    assert.deepEqual(verbs, ['EHLO', 'MAIL', 'RCPT', 'DATA', '.'], JSON.stringify(end));
    assert.doesNotMatch(server.wire(), /\r(?!\n)|(?<!\r)\n/);
  }
});

test('a mail arrives as it was, 8-bit bytes included, and says so where the server knows 8BITMIME', async (t) => {
  const mime = Buffer.concat([Buffer.from(HEAD), Buffer.from([0xe4, 0xf6, 0xff, 0x00, 0x0d, 0x0a])]);
  const { server, send } = await wired(t, undefined, ['8BITMIME', 'SIZE 1000000']);
  assert.equal((await send({ mime })).kind, 'accepted');
  assert.ok(server.wire().includes(mime.toString('latin1')));
  assert.ok(server.commands.includes(`MAIL FROM:<shop@example.com> BODY=8BITMIME SIZE=${mime.length}`));
});

test('the size that is announced counts every line end as two bytes', async (t) => {
  const { server, send } = await wired(t, undefined, ['SIZE 1000000']);
  assert.equal((await send({ mime: Buffer.from('A: b\n\n1\r\n2\n') })).kind, 'accepted');
  assert.ok(server.commands.includes('MAIL FROM:<shop@example.com> SIZE=14'));
});

test('nothing leaves for an address that could be read as another, on either side', async (t) => {
  const { server, send } = await wired(t);
  const addresses = [
    'b@x.test>\r\nRCPT TO:<evil@x.test',
    'b@x.test\r\nDATA',
    'b@x.test> SIZE=1',
    'b\0@x.test',
    'b\u200b@x.test',
    'ｂ@x.test',
    'b@x.test,evil@x.test',
    '"b@x.test"@evil.test <c@x.test>',
    'b@evil.test@x.test',
    '',
    'b@0x7f.1', // nodemailer would make it b@127.0.0.1
  ];
  for (const address of addresses) {
    for (const changes of [{ to: address }, { envelopeFrom: address }]) {
      const answer = await send(changes);
      assert.equal(answer.kind === 'refused' && answer.why, 'invalid', JSON.stringify(changes));
      if (address.length > 0) assert.ok(!answer.detail.includes(address), 'not repeated');
    }
  }
  assert.equal(server.wire(), '');
});

test('the recipient is sent in its canonical form', async (t) => {
  const { server, send } = await wired(t);
  const sent = {
    'Anna@EXAMPLE.com': 'Anna@example.com',
    'a@Bücher.test': 'a@xn--bcher-kva.test',
    '"a"@x.test': '"a"@x.test',
  };
  for (const to of Object.keys(sent)) assert.equal((await send({ to })).kind, 'accepted', to);
  const recipients = server.commands.filter((command) => command.startsWith('RCPT'));
  assert.deepEqual(
    recipients,
    Object.values(sent).map((to) => `RCPT TO:<${to}>`),
  );
});

test('a mail is bytes: nothing in it makes us read a file or fetch an address', async (t) => {
  const { server, send } = await wired(t);
  const mime = Buffer.from(`${HEAD}{"path":"/etc/passwd","href":"http://127.0.0.1/"}\r\n`);
  assert.equal((await send({ mime })).kind, 'accepted');
  assert.ok(server.wire().includes(mime.toString()));
  assert.ok(!server.wire().includes('root:'));
});

test('an empty mail is refused before it leaves', async (t) => {
  const { server, send } = await wired(t);
  const answer = await send({ mime: Buffer.alloc(0) });
  assert.deepEqual(answer, { kind: 'refused', why: 'invalid', detail: 'the mail is empty' });
  assert.equal(server.wire(), '');
});

test('a reply of many lines, of binary or of a megabyte is kept as one short clean line', async (t) => {
  const replies = [
    '250-first\r\n250-second\r\n250 third\r\n',
    `${'250-more\r\n'.repeat(10_000)}250 done\r\n`,
    `250 ${'x'.repeat(1024 * 1024)}\r\n`,
    '250 ok\0<script>\x1b[31m\x07\r\n',
    '250 \xff\xfe\x80\x9b\r\n',
    '250 \xe2\x80\xae\xe2\x80\x8b reversed\r\n', // right-to-left override and zero-width space, in UTF-8
    '250 \r\n',
    '250\r\n',
  ];
  for (const reply of replies) {
    const { send } = await wired(t, sayAfterDot(reply));
    const answer = await send();
    assert.equal(answer.kind, 'accepted', reply.slice(0, 20));
    assert.match(answer.detail, /^250/);
    assert.ok(answer.detail.length <= 300);
    assert.doesNotMatch(answer.detail, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }
});

test('a reply in pieces is one reply', async (t) => {
  const { send } = await wired(t, (command, socket) => {
    if (command !== '.') return undefined;
    socket.write('2');
    setImmediate(() => socket.write('50-a\r', () => setImmediate(() => socket.write('\n250 b\r\n'))));
    return null;
  });
  assert.deepEqual(await send(), { kind: 'accepted', messageId: null, detail: '250-a 250 b' });
});

test('a reply without end is not read for ever: before the content busy, after it unanswered', async (t) => {
  const endless = '250-and another line that goes on\r\n'.repeat(100_000);
  const early = await wired(t, (command) => (command.startsWith('EHLO') ? endless : undefined));
  const before = await early.send();
  assert.equal(before.kind === 'refused' && before.why, 'busy');
  for (const reply of [endless, 'x'.repeat(3 * 1024 * 1024)]) {
    const late = await wired(t, sayAfterDot(reply));
    assert.equal((await late.send()).kind, 'unanswered');
  }
});

test('a 421 out of the blue is busy before the content, and ends nobody else', async (t) => {
  const { send } = await wired(t, (command) => (command.startsWith('RCPT') ? '421 4.3.2 Going down\r\n' : undefined));
  assert.deepEqual(await send(), { kind: 'refused', why: 'busy', detail: '421 4.3.2 Going down' });
});

test('a server that echoes our login or the recipient finds neither in the answer', async (t) => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const echo = ['letmein', base64('letmein'), base64('\0shop\0letmein'), '<anna@example.com>'].join(' ');
  const { server, send } = await wired(t, sayAfterDot(`550 5.7.1 ${echo} no\r\n`), ['AUTH PLAIN'], 'shop:letmein@');
  const answer = await send();
  assert.deepEqual(answer, {
    kind: 'refused',
    why: 'permanent',
    detail: '550 5.7.1 *** *** *** <a***@example.com> no',
  });
  assert.match(server.wire(), /AUTH PLAIN/);
});

test('what was said in plain text before TLS is forgotten, and no login follows it', async (t) => {
  const inject = '220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n';
  let isPlain = true;
  const script: Script = (command, socket) => {
    // A ClientHello that happens to hold a line break is no command, and an answer to it would be another fault.
    if (!isPlain) return null;
    if (command !== 'STARTTLS') return undefined;
    isPlain = false;
    socket.once('data', () => socket.end()); // the ClientHello, which nobody here can answer
    return inject;
  };
  const { server, send } = await wired(t, script, ['STARTTLS', 'AUTH PLAIN'], 'shop:letmein@');
  const answer = await send();
  assert.equal(answer.kind === 'refused' && answer.why, 'busy');
  assert.doesNotMatch(server.wire(), /AUTH|MAIL/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeMime, mailboxesFor } from '../../src/mail/compose.ts';
import type { FormEntry } from '../../src/mail/form.ts';
import { senderOf } from '../../src/mail/headers.ts';

const ANN = 'ann@example.org';
const EVIL = 'evil@attacker.example';

const composed = async (form: FormEntry[], recipient = ANN): Promise<Buffer> => {
  const mime = await composeMime(form, recipient, 'm1@mg.example.com');
  assert.ok(mime);
  return mime;
};

const batch = (variables: object, more: FormEntry[] = []): FormEntry[] => [
  ['from', '%recipient.name% <team@mg.example.com>'],
  ['to', `Ann Miller <${ANN}>, bee@example.net`],
  ['subject', 'Hello %recipient.name%'],
  ['text', 'Hi %recipient.name%, %recipient.unknown%, %recipient%'],
  ['recipient-variables', JSON.stringify({ [ANN]: variables })],
  ...more,
];

test('variables are filled into the content and the subject, each once', async () => {
  const mime = String(await composed(batch({ name: 'A$&nn %recipient%' })));
  assert.match(mime, /^Subject: Hello A\$&nn %recipient%\r$/m);
  assert.match(mime, /^Hi A\$&nn %recipient%, %recipient.unknown%, ann@example.org/m);
});

test('no variable says whom a mail is from, whom it goes to or who is answered', async () => {
  const names = ['From', 'Sender', 'Reply-To', 'Errors-To', 'Resent-From', 'Disposition-Notification-To'];
  for (const name of [`Eve <${EVIL}>,`, EVIL, `x" <${EVIL}>, "`, `x>, <${EVIL}`, `a\r\nBcc: ${EVIL}`]) {
    const headers = names.slice(1).map((key): FormEntry => [`h:${key}`, `"%recipient.name%" <team@mg.example.com>`]);
    const mime = await composed([...batch({ name }, headers), ['cc', '%recipient.name%']]);
    assert.match(String(senderOf(mime)), /^team@mg\.example\.com$/);
    const [head = ''] = String(mime).split('\r\n\r\n');
    const unfolded = head.replace(/\r\n[ \t]/g, ' ');
    for (const line of unfolded.split('\r\n'))
      if (names.some((key) => line.startsWith(`${key}:`)) || /^(?:To|Cc|Bcc):/i.test(line))
        assert.doesNotMatch(line, /evil/, line);
    assert.doesNotMatch(unfolded, /^Bcc:/im);
  }
});

test('an answer finds its way back by a variable that is a part of its address', async () => {
  const mime = await composed(batch({ id: '42' }, [['h:Reply-To', 'reply+%recipient.id%@mg.example.com']]));
  assert.match(String(mime), /^Reply-To: reply\+42@mg.example.com\r$/m);
});

test('a recipient has its variables and its name, however its address is spelt', async () => {
  const form: FormEntry[] = [
    ['from', 'team@mg.example.com'],
    ['to', 'J\u00f6rg <J\u00d6RG@B\u00fccher.example>, "Lee, Bee" <Bee@Example.net>'],
    ['text', 'Hi %recipient.name%'],
    ['recipient-variables', JSON.stringify({ 'jo\u0308rg@xn--bcher-kva.example': { name: 'J.' } })],
  ];
  const mime = String(await composed(form, 'j\u00f6rg@xn--bcher-kva.example'));
  assert.match(mime, /^Hi J\.$/m);
  assert.deepEqual(mailboxesFor(form, ['cid@example.net', 'bee@example.net']), [
    'cid@example.net',
    '"Lee, Bee" <bee@example.net>',
  ]);
});

test('what is an option for Mailgun is no header for others', async () => {
  const mime = String(await composed([...batch({}), ['h:X-Mailgun-Tag', 'a'], ['h:X-Own', 'b']]));
  assert.doesNotMatch(mime, /X-Mailgun/i);
  assert.match(mime, /^X-Own: b\r$/m);
});

test('a ready message for hundreds of recipients may hold their variables in its header', async () => {
  const all = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`a${n}@example.org`, { name: `N${n}` }]));
  const variables = JSON.stringify(all).replaceAll('},', '},\r\n ');
  assert.ok(variables.length > 10_000);
  const content = Buffer.from(
    `From: team@mg.example.com\r\nX-Mailgun-Recipient-Variables: ${variables}\r\nSubject: Hi %recipient.name%\r\n\r\nHi`,
  );
  const mime = await composed([['message', { filename: 'm', type: 'message/rfc822', content }]], 'a399@example.org');
  assert.match(String(mime), /^Subject: Hi N399\r$/m);
});

test('addresses in the header of a ready message stay the same mailboxes, whatever is filled in', async () => {
  const fields = async (name: string, lines: string[]) => {
    const content = Buffer.from(`From: team@mg.example.com\r\n${lines.join('\r\n')}\r\n\r\nHi`, 'latin1');
    const message = { filename: 'm', type: 'message/rfc822', content };
    const head = String(await composed([...batch({ name, id: '12' }), ['message', message]])).split('\r\n\r\n')[0];
    return head
      ?.replace(/\r\n(?=\s)/g, '')
      .split('\r\n')
      .slice(1);
  };
  const doe = '=?utf-8?q?Doe=2C_J=C3=BCrgen?=';
  assert.deepEqual(
    await fields('Lee, J\u00f6rg', [
      `Reply-To: ${doe} <r+%recipient.id%@b.example>`,
      'To: "%recipient.name%" <%recipient%>',
      `Cc: %recipient.name% <%recipient%>, ${doe} <c@b.example>, "Team, a" <t+%recipient.id%@b.example>`,
      'Resent-To: J\xfcrgen <r+%recipient.id%@b.example>',
    ]),
    [
      `Reply-To: ${doe} <r+12@b.example>`,
      `To: =?UTF-8?Q?Lee=2C_J=C3=B6rg?= <${ANN}>`,
      `Cc: =?UTF-8?Q?Lee=2C_J=C3=B6rg?= <${ANN}>, ${doe} <c@b.example>, "Team, a" <t+12@b.example>`,
      'Resent-To: =?UTF-8?Q?J=C3=BCrgen?= <r+12@b.example>',
    ],
  );
  assert.deepEqual(await fields('Ann Lee', ['To: %recipient.name% <%recipient%>', 'Cc: %recipient%']), [
    `To: Ann Lee <${ANN}>`,
    `Cc: ${ANN}`,
  ]);
  assert.deepEqual(await fields(`x" <${EVIL}>, "`, ['To: "%recipient.name%" <%recipient.name%@b.example>']), [
    `To: =?UTF-8?Q?x=22_=3Cevil=40attacker=2Eexample=3E=2C_?= =?UTF-8?Q?=22?= <%recipient.name%@b.example>`,
  ]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import { headerText, parameterOf } from '../../src/mail/mime-text.ts';
import { firstOf, type Leaf, leafText, readMime } from '../../src/mail/read-mime.ts';

function read(mime: Buffer | string) {
  const mail = readMime(Buffer.from(mime));
  assert.ok(typeof mail !== 'string', String(mail));
  return mail;
}

const texts = (leaves: readonly Leaf[]) => leaves.map((leaf) => [leaf.type, leafText(leaf).trim()]);

test('what nodemailer writes reads as what it was given', async () => {
  const picture = Buffer.from([0, 1, 2, 253, 254, 255]);
  const mime = await new MailComposer({
    from: '"Müller, Jörg" <shop@example.com>',
    to: 'ann@example.net',
    subject: 'Grüße: ein Betreff, der so lang ist, dass er in mehrere Wörter geteilt werden muss, und zwar öfter',
    text: 'Zwölf = 12\r\nund eine Zeile, die länger ist als siebzig Zeichen und deshalb umgebrochen werden muss.',
    html: '<p>Zwölf <img src="cid:logo@x"></p>',
    attachments: [
      { filename: 'logo.png', content: picture, cid: 'logo@x', contentDisposition: 'inline' },
      { filename: 'Rechnung für März.pdf', content: Buffer.from('%PDF'), contentType: 'application/pdf' },
    ],
  })
    .compile()
    .build();
  const { fields, leaves, isSealed } = read(mime);
  assert.equal(isSealed, false);
  assert.match(headerText(firstOf(fields, 'subject') ?? ''), /^Grüße: ein Betreff.*muss, und zwar öfter$/);
  assert.match(headerText(firstOf(fields, 'from') ?? ''), /Müller, Jörg/);
  const [text, html, logo, bill] = leaves;
  assert.ok(text && html && logo && bill);
  assert.equal(leaves.length, 4);
  assert.equal(leafText(text).replaceAll('\r\n', '\n').trimEnd().split('\n')[0], 'Zwölf = 12');
  assert.match(leafText(text), /umgebrochen werden muss\./);
  assert.equal(leafText(html).trim(), '<p>Zwölf <img src="cid:logo@x"></p>');
  assert.deepEqual([logo.type, logo.contentId, logo.disposition], ['image/png', 'logo@x', 'inline']);
  assert.deepEqual(logo.content, picture);
  assert.deepEqual([bill.filename, bill.disposition], ['Rechnung für März.pdf', 'attachment']);
});

test('parts are told by lines that are the boundary and no longer', () => {
  const mime = [
    'Content-Type: multipart/mixed; boundary="b"',
    '',
    'preamble --b',
    '--b',
    'Content-Type: multipart/alternative; boundary=bb',
    '',
    '--bb',
    '',
    'one --b',
    '--bbb',
    '--bb  ',
    'Content-Type: text/html; charset=iso-8859-1',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    '<b>=E4=',
    '=3D</b>',
    '--bb--',
    '--b--',
    'epilogue',
  ];
  for (const end of ['\r\n', '\n', '\r']) {
    const { leaves } = read(mime.join(end));
    const soft = end === '\r' ? leaves.slice(0, 1) : leaves;
    assert.deepEqual(
      texts(soft),
      [
        ['text/plain', `one --b${end}--bbb`],
        ['text/html', '<b>ä=</b>'],
      ].slice(0, soft.length),
    );
    assert.deepEqual(
      leaves.map(({ within }) => within),
      ['multipart/alternative', 'multipart/alternative'],
    );
  }
});

test('a mail without a type is text, one that was cut is read to its end, and a multipart without a boundary is text', () => {
  assert.deepEqual(texts(read('Subject: x\n\nHi').leaves), [['text/plain', 'Hi']]);
  assert.deepEqual(texts(read('Subject: x').leaves), [['text/plain', '']]);
  assert.deepEqual(texts(read('').leaves), [['text/plain', '']]);
  assert.deepEqual(texts(read('Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi').leaves), [
    ['text/plain', 'Hi'],
  ]);
  assert.deepEqual(texts(read('Content-Type: multipart/mixed\n\nHi').leaves), [['text/plain', 'Hi']]);
});

test('text in any charset reads, with a name for it or without', () => {
  const of = (type: string, body: Buffer) =>
    texts(read(Buffer.concat([Buffer.from(`Content-Type: ${type}\r\n\r\n`), body])).leaves)[0]?.[1];
  assert.equal(of('text/plain; charset=utf-8', Buffer.from('Grüße')), 'Grüße');
  assert.equal(of('text/plain', Buffer.from('Grüße')), 'Grüße');
  assert.equal(of('text/plain; charset=us-ascii', Buffer.from('Gr\xfc\xdfe', 'latin1')), 'Grüße');
  assert.equal(of('text/plain; charset=shift_jis', Buffer.from([0x83, 0x65, 0x83, 0x58, 0x83, 0x67])), 'テスト');
  assert.equal(of('text/plain; charset=x-nobodys', Buffer.from('Grüße')), 'Grüße');
});

test('encoded words are joined where a letter is divided between them, and left alone where they are none', () => {
  assert.equal(headerText('=?utf-8?B?w7w=?= =?utf-8?Q?_=C3?=\t=?UTF-8?q?=BC?= x'), 'ü ü x');
  assert.equal(headerText('=?iso-8859-1?q?=FC?= =?utf-8?q?=C3=BC?='), 'üü');
  assert.equal(headerText('=?windows-1252?q?=80=93?='), '€“');
  for (const plain of ['a =?b', '=?utf-8?x?y?=', 'plain']) assert.equal(headerText(plain), plain);
});

test('parameters are read as they are written: quoted, in pieces, percent-encoded', () => {
  assert.equal(parameterOf('a/b; name="x;\\"y"', 'name'), 'x;"y');
  assert.equal(parameterOf("attachment; filename*=iso-8859-1'de'Gr%FC%DFe", 'filename'), 'Grüße');
  assert.equal(parameterOf("attachment; filename*1*=%9Fe; filename*0*=utf-8''Gr%C3%BC%C3", 'filename'), 'Grüße');
  assert.equal(parameterOf('attachment; filename="=?utf-8?q?=C3=BC?="', 'filename'), 'ü');
  assert.equal(parameterOf('attachment', 'filename'), null);
});

test('signed and encrypted mails are known', () => {
  const of = (type: string) => read(`Content-Type: ${type}; boundary=b\n\n--b\n\nx\n--b--`).isSealed;
  for (const type of ['multipart/signed', 'multipart/encrypted', 'application/pkcs7-mime']) assert.ok(of(type), type);
  assert.ok(!of('multipart/mixed'));
  assert.ok(
    read('Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/signed; boundary=c\n\n--b--')
      .isSealed,
  );
});

test('what is made to take time is refused', () => {
  const nested = Array.from({ length: 100 }, (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`);
  assert.equal(readMime(Buffer.from(nested.join(''))), 'its parts are too deep in each other');
  const many = `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(2000)}`;
  assert.equal(readMime(Buffer.from(many)), 'it has too many parts');
});

test('whatever comes is read or refused, and never breaks', () => {
  const words = [
    '--b',
    '--b--',
    '\r\n',
    '\n',
    '\r',
    'Content-Type: ',
    'multipart/mixed; boundary=b',
    'text/html',
    ';',
    '=',
    '"',
  ];
  const more = [
    'Content-Transfer-Encoding: ',
    'base64',
    'quoted-printable',
    'name*0*=',
    "utf-8''%F",
    '=?utf-8?q?=C3?=',
    ':',
    'x',
  ];
  const junk = fc.array(fc.oneof(fc.constantFrom(...words, ...more), fc.string({ maxLength: 4 })), { maxLength: 60 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        junk.map((parts) => Buffer.from(parts.join(''))),
      ),
      (bytes) => {
        const mail = readMime(Buffer.from(bytes));
        if (typeof mail === 'string') return;
        for (const leaf of mail.leaves) leafText(leaf);
        for (const { value } of mail.fields) headerText(value);
      },
    ),
    { numRuns: 500 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import MailComposer from 'nodemailer/lib/mail-composer';
import { type Fill, fillMime } from '../../src/mail/fill-mime.ts';
import { headerText } from '../../src/mail/mime-text.ts';
import { firstOf, leafText, readMime } from '../../src/mail/read-mime.ts';

const fill: Fill = ([, value]) => value.replaceAll('%recipient.name%', 'J\u00f6rg');

const filledMail = (mime: Buffer | string) => {
  const mail = readMime(fillMime(Buffer.from(mime), fill));
  assert.ok(typeof mail !== 'string');
  return mail;
};

const written = (mail: object): Promise<Buffer> =>
  new MailComposer({ from: 'shop@mg.example.com', to: 'ann@example.org', ...mail }).compile().build();

test('the header and the texts of a ready message are filled in, however they are encoded, and its files are not', async () => {
  const mime = await written({
    subject: 'Gr\u00fc\u00dfe, %recipient.name%',
    text: 'Zw\u00f6lf = 12, %recipient.name%',
    html: `<p>%recipient.name% \u65e5\u672c</p>${'<br>'.repeat(100)}`,
    attachments: [{ filename: 'a %recipient.name%.txt', content: 'for %recipient.name%', contentType: 'text/plain' }],
  });
  const { fields, leaves } = filledMail(mime);
  assert.equal(headerText(firstOf(fields, 'subject') ?? ''), 'Gr\u00fc\u00dfe, J\u00f6rg');
  assert.deepEqual(
    leaves.map((leaf) => [leaf.type, leaf.filename, leafText(leaf).trim()]),
    [
      ['text/plain', null, 'Zw\u00f6lf = 12, J\u00f6rg'],
      ['text/html', null, `<p>J\u00f6rg \u65e5\u672c</p>${'<br>'.repeat(100)}`],
      ['text/plain', 'a %recipient.name%.txt', 'for %recipient.name%'],
    ],
  );
});

test('a message without a header of its parts, and one with single line feeds, are filled in', () => {
  for (const end of ['\r\n', '\n']) {
    const plain = ['From: shop@mg.example.com', 'Subject: Hi', ' %recipient.name%', '', 'Hi %recipient.name%', ''];
    const { fields, leaves } = filledMail(plain.join(end));
    assert.equal(headerText(firstOf(fields, 'subject') ?? ''), 'Hi J\u00f6rg');
    assert.deepEqual(leaves.map(leafText), [`Hi J\u00f6rg${end}`]);
  }
});

test('no variable ends a field of the header, and none says whom a mail is from', () => {
  const evil: Fill = ([, value]) => value.replaceAll('%recipient.x%', 'a\r\nBcc: evil@x.example');
  const mime = fillMime(
    Buffer.from('From: %recipient.x% <shop@mg.example.com>\r\nSubject: %recipient.x%\r\n\r\nHi'),
    evil,
  );
  assert.equal(
    mime.toString(),
    'From: %recipient.x% <shop@mg.example.com>\r\nSubject: a Bcc: evil@x.example\r\n\r\nHi',
  );
});

test('what has nothing to fill in, is signed, or can not be read stays byte for byte', async () => {
  const plain = await written({ subject: 'x', text: 'y', html: '<p>z</p>' });
  const signed =
    'From: shop@mg.example.com\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n%recipient.name%\r\n--b--\r\n';
  const deep = `${Array.from({ length: 40 }, (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`).join('')}\r\n%recipient.name%`;
  for (const mime of [plain, Buffer.from(signed), Buffer.from(deep)]) assert.deepEqual(fillMime(mime, fill), mime);
});

test('a header in the bytes of Latin-1 stays readable', () => {
  const mime = Buffer.from('From: shop@mg.example.com\r\nSubject: Gr\xfc\xdfe %recipient.name%\r\n\r\nHi', 'latin1');
  assert.equal(headerText(firstOf(filledMail(mime).fields, 'subject') ?? ''), 'Gr\u00fc\u00dfe J\u00f6rg');
});

test('a text that is filled in keeps the parameters of its type, but for its charset', () => {
  const type = 'Content-Type: text/plain; charset="iso-8859-1"; format=flowed;\r\n delsp=yes; x="a; charset=b"';
  const { fields, leaves } = filledMail(
    Buffer.from(`From: shop@mg.example.com\r\n${type}\r\n\r\nGr\xfc\xdfe %recipient.name%`, 'latin1'),
  );
  const kept = 'text/plain; charset=utf-8; format=flowed; delsp=yes; x="a; charset=b"';
  assert.equal(firstOf(fields, 'content-type'), kept);
  assert.deepEqual(leaves.map(leafText), ['Gr\u00fc\u00dfe J\u00f6rg']);
});

test('a list of addresses that is made to take time takes none', { timeout: 5000 }, () => {
  for (const made of ['"\\'.repeat(100_000), '<'.repeat(200_000), ' '.repeat(200_000), '"a'.repeat(100_001)])
    fillMime(Buffer.from(`From: shop@mg.example.com\r\nTo: %recipient.name%${made}x\r\n\r\nHi`), fill);
});

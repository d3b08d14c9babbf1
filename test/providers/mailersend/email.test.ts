import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Email, emailOf } from '../../../src/providers/mailersend/email.ts';

const DOMAIN = 'mg.example.com';
const RECIPIENT = 'ann@example.net';

function read(mime: string, keepsHeaders = false): Email {
  const mail = { messageId: '01MESSAGE', sender: `shop@${DOMAIN}`, recipient: RECIPIENT };
  const email = emailOf(mail, Buffer.from(mime.replaceAll('\n', '\r\n')), keepsHeaders);
  assert.ok(typeof email === 'object', String(email));
  return email;
}

const RICH = `From: "Shop, the" <shop@${DOMAIN}>
To: Bob <bob@example.net>, =?utf-8?q?J=C3=B6rg_B=2E?= <${RECIPIENT}>
Cc: carl@example.net
Reply-To: Help <help@${DOMAIN}>
Subject: =?utf-8?b?R3LDvMOf?= =?utf-8?q?e?=
Message-Id: <m1@${DOMAIN}>
In-Reply-To: <m0@${DOMAIN}>
References: <a@${DOMAIN}> <m0@${DOMAIN}>
Auto-Submitted: auto-generated
X-Mailgun-Variables: {"homing-id":"x"}
DKIM-Signature: v=1; a=rsa-sha256
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: multipart/related; boundary="r"

--r
Content-Type: multipart/alternative; boundary="a"

--a
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe
--a
Content-Type: text/html; charset=utf-8

<img src="cid:logo@shop"> Grüße
--a--
--r
Content-Type: image/png; name="logo.png"
Content-Disposition: inline; filename="logo.png"
Content-Id: <logo@shop>
Content-Transfer-Encoding: base64

iVBORw0K
Ggo=
--r--
--m
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf
Content-Transfer-Encoding: base64

JVBERi0=
--m--
`;

test('a mail is the same mail through the API: text, html, inline pictures, files, names, and whom to answer', () => {
  assert.deepEqual(read(RICH), {
    // A name with a comma is none that the API takes.
    from: { email: `shop@${DOMAIN}` },
    to: [{ email: RECIPIENT, name: 'Jörg B.' }],
    reply_to: { email: `help@${DOMAIN}`, name: 'Help' },
    subject: 'Grüße',
    text: 'Grüße',
    html: '<img src="cid:logo@shop"> Grüße',
    in_reply_to: `<m0@${DOMAIN}>`,
    attachments: [
      { filename: 'logo.png', content: 'iVBORw0KGgo=', disposition: 'inline', id: 'logo@shop' },
      { filename: 'résumé.pdf', content: 'JVBERi0=', disposition: 'attachment' },
    ],
    tags: ['homing-01MESSAGE'],
    settings: { track_clicks: false, track_opens: false },
  });
});

test('where the plan allows it a mail keeps its own headers, and none that were for Mailgun or of its way', () => {
  const { headers, references } = read(RICH, true);
  assert.deepEqual(headers, [{ name: 'Auto-Submitted', value: 'auto-generated' }]);
  assert.deepEqual(references, [`<a@${DOMAIN}>`, `<m0@${DOMAIN}>`]);
});

test('a mail has all that the API asks for, whatever it lacks itself', () => {
  const { from, subject, text, attachments } = read(
    'Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBO',
  );
  assert.deepEqual([from.email, subject, text], [`shop@${DOMAIN}`, '(no subject)', ' ']);
  assert.deepEqual(attachments, [{ filename: 'attachment-1.png', content: 'iVBO', disposition: 'attachment' }]);
});

test('pieces of a text are one text, AMP is left out, and an invitation is a file', () => {
  const part = (type: string, text: string) => `--m\nContent-Type: ${type}\n\n${text}\n`;
  const parts = ['text/plain', 'text/x-amp-html', 'text/calendar', 'text/plain'].map((type, n) => part(type, `${n}`));
  const { text, attachments } = read(`Content-Type: multipart/mixed; boundary=m\n\n${parts.join('')}--m--\n`);
  assert.equal(text, '0\n3');
  assert.deepEqual(
    attachments?.map(({ filename }) => filename),
    ['attachment-1.ics'],
  );
});

test('a mail that is signed or encrypted is not written anew, because it would not be after that', () => {
  const mail = { messageId: 'x', sender: `shop@${DOMAIN}`, recipient: RECIPIENT };
  const signed = Buffer.from('Content-Type: multipart/signed; boundary=s\r\n\r\n');
  assert.match(String(emailOf(mail, signed, true)), /signed or encrypted/);
});

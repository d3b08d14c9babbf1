// Mails that servers send back, in the forms that each of them is known for; all names in them are made up.

export type Returning = { /** The return path. */ to: string; recipient: string };

const crlf = (lines: string): Buffer => Buffer.from(lines.replaceAll('\n', '\r\n'));

/** A report by the standard: text for people, what was done, and the header of the mail. */
export function report(
  { to, recipient }: Returning,
  { status, text = 'It did not arrive.', header = '' }: { status: string; text?: string; header?: string },
): Buffer {
  return crlf(`From: Mail Delivery System <MAILER-DAEMON@mx.relay.example>
To: ${to}
Date: Mon, 15 Jun 2026 09:10:00 +0000
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
${header}Content-Type: multipart/report; report-type=delivery-status; boundary="b1/relay"

This is a MIME-encapsulated message.

--b1/relay
Content-Type: text/plain; charset=us-ascii

${text}

--b1/relay
Content-Type: message/delivery-status

${status}
--b1/relay
Content-Type: text/rfc822-headers

To: ${recipient}
Subject: 550 5.1.1 is not what happened
Action: delivered

--b1/relay--
`);
}

/** bounce(8): the fields of the mail, those of the recipient, and Postfix's own between them. */
export const postfix = (
  by: Returning,
  action = 'failed',
  said = 'Diagnostic-Code: smtp; 550 5.1.1 no such user',
  code = '5.1.1',
) =>
  report(by, {
    text: `This is the mail system at host mx.relay.example.\n\n<${by.recipient}>: host mx.example.net[192.0.2.7] said: 550 5.1.1 no such user`,
    status: `Reporting-MTA: dns; mx.relay.example
X-Postfix-Queue-ID: 4F1B2C3D4E
X-Postfix-Sender: rfc822; ${by.to}
Arrival-Date: Mon, 15 Jun 2026 09:00:00 +0000 (UTC)

Final-Recipient: rfc822; ${by.recipient}
Original-Recipient: rfc822;${by.recipient}
Action: ${action}
Status: ${code}
Remote-MTA: dns; mx.example.net
${said}
`,
  });

export const postfixDelayed = (by: Returning) =>
  postfix(
    by,
    'delayed',
    'Diagnostic-Code: smtp; 452 4.2.2 mailbox is full\nWill-Retry-Until: Sat, 20 Jun 2026 09:00:00 +0000',
    '4.2.2',
  );

/** Exim since 4.86: the fields in another order, no space behind the types, `5.0.0` for whatever was said. */
export const exim = (by: Returning) =>
  report(by, {
    header: `X-Failed-Recipients: ${by.recipient}\n`,
    text: `A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error.`,
    status: `Reporting-MTA: dns; relay.example

Action: failed
Final-Recipient: rfc822;${by.recipient}
Status: 5.0.0
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550-5.7.1 Connections from 192.0.2.9 are refused,
 550 5.7.1 as it is on a block list
`,
  });

/** Exim before that: text alone. */
export const eximAsText = (by: Returning) =>
  crlf(`Return-path: <>
X-Failed-Recipients: ${by.recipient}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@relay.example>
To: ${by.to}
Subject: Mail delivery failed: returning message to sender
Date: Mon, 15 Jun 2026 09:10:00 +0000

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ${by.recipient}
    SMTP error from remote mail server after RCPT TO:<${by.recipient}>:
    host mx.example.net [192.0.2.7]: 550 5.1.1 no such user here

------ This is a copy of the message, including all the headers. ------

Subject: 552 5.2.2 is not what happened
`);

/** Exim's warning, which marks itself as an answer and has no parts. */
export const eximWarning = (by: Returning) =>
  crlf(`Return-path: <>
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@relay.example>
To: ${by.to}
Subject: Warning: message 1abcde-000001-AB delayed 24 hours
Date: Mon, 15 Jun 2026 09:10:00 +0000

A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on relay.example.

  ${by.recipient}
    Delay reason: SMTP error from remote mail server after RCPT TO:<${by.recipient}>:
    450 4.2.0 greylisted, try again later

No action is required on your part. Eventually the mail delivery software
will give up, and when that happens, the message will be returned to you.
`);

/** Exchange Online: HTML for people, no space behind the types. */
export const exchange = (by: Returning) =>
  crlf(`From: postmaster@tenant.example
To: ${by.to}
Date: Mon, 15 Jun 2026 09:10:00 +0000
Subject: Undeliverable: Your receipt
Auto-Submitted: auto-replied
X-MS-Exchange-Message-Is-Ndr:
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="24b82ceb-078b-4332-9864"
MIME-Version: 1.0

--24b82ceb-078b-4332-9864
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="b52e1b39-0d51-4e0f"

--b52e1b39-0d51-4e0f
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<p style=3D"color: black">Your message couldn't be delivered.</p>

--b52e1b39-0d51-4e0f--

--24b82ceb-078b-4332-9864
Content-Type: message/delivery-status

Reporting-MTA: dns;AB1PR01MB0001.prod.outlook.example
Received-From-MTA: dns;relay.example
Arrival-Date: Mon, 15 Jun 2026 09:00:00 +0000

Original-Recipient: rfc822;${by.recipient}
Final-Recipient: rfc822;${by.recipient}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient
 ${by.recipient} not found by SMTP address lookup

--24b82ceb-078b-4332-9864
Content-Type: message/rfc822

Subject: Your receipt

Hi
--24b82ceb-078b-4332-9864--
`);

/** Exchange 2010 before another server: what that said has a field of its own. */
export const exchangeOfOld = (by: Returning) =>
  report(by, {
    status: `Reporting-MTA: dns; edge.tenant.example

Final-recipient: RFC822;
 ${by.recipient}
Action: failed
Status: 5.2.2
Remote-MTA: dns; mx.example.net
X-Supplementary-Info: <mx.example.net #5.2.2 smtp;552-5.2.2 The mailbox
 is over its quota>
`,
  });

/** Gmail: the text is three parts deep, beside a picture. */
export const gmail = (by: Returning) =>
  crlf(`From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: ${by.to}
Auto-Submitted: auto-replied
X-Failed-Recipients: ${by.recipient}
Subject: Delivery Status Notification (Failure)
Date: Mon, 15 Jun 2026 02:10:00 -0700 (PDT)
Content-Type: multipart/report; boundary="00000000000060e6bd"; report-type=delivery-status

--00000000000060e6bd
Content-Type: multipart/related; boundary="00000000000060efe4"

--00000000000060efe4
Content-Type: multipart/alternative; boundary="00000000000060efec"

--00000000000060efec
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to ${by.recipient}.

--00000000000060efec--
--00000000000060efe4
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--00000000000060efe4--
--00000000000060e6bd
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Arrival-Date: Mon, 15 Jun 2026 02:09:58 -0700 (PDT)
X-Original-Message-ID: <m1@mg.example.com>

Final-Recipient: rfc822; ${by.recipient}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net. (192.0.2.7, the server for the domain
 example.net.)
Diagnostic-Code: smtp; 550 5.1.1 The account that you tried to reach does not exist
Last-Attempt-Date: Mon, 15 Jun 2026 02:10:00 -0700 (PDT)

--00000000000060e6bd
Content-Type: message/rfc822

Subject: Your receipt

Hi
--00000000000060e6bd--
`);

/** cr.yp.to/proto/qsbmf.txt */
export const qmail = (by: Returning) =>
  crlf(`Date: 15 Jun 2026 09:10:00 -0000
From: MAILER-DAEMON@relay.example
To: ${by.to}
Subject: failure notice

Hi. This is the qmail-send program at relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<${by.recipient}>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 no such user
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

Return-Path: <${by.to}>
Subject: Your receipt

Hi
`);

/** What people have their mail program say while they are away. Many answer to the return path, and with no sender. */
export const vacation = (by: Returning, header = 'Auto-Submitted: auto-replied\n') =>
  crlf(`Return-Path: <>
From: Ann <${by.recipient}>
To: ${by.to}
Subject: Automatic reply: Your receipt
${header}Date: Mon, 15 Jun 2026 09:10:00 +0000

I am away until the 5th. Call 550 5551 or write to <bob@example.net>.
`);

/** RFC 5965 */
export const complaint = (by: Returning, kind = 'abuse') =>
  crlf(`From: <abuse@mailbox.example>
To: ${by.to}
Subject: FW: Your receipt
Date: Mon, 15 Jun 2026 09:10:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1"

--part1
Content-Type: text/plain

This is an email abuse report.
--part1
Content-Type: message/feedback-report

Feedback-Type: ${kind}
User-Agent: SomeGenerator/1.0
Version: 1

--part1
Content-Type: message/rfc822

From: <shop@mg.example.com>
Subject: Your receipt

Hi
--part1--
`);

// What a load posts.
import { createHmac, randomBytes, randomUUID } from 'node:crypto';

export type Posting = { headers: Record<string, string>; body: string };

/** Each makes the posting of that number; `secret` is what it is signed with, or comes in with. */
export const POSTINGS: Readonly<Record<string, (n: number, secret: string) => Posting>> = { webhook, mail };

/** A webhook of Mailgun about a mail that the daemon does not know. */
function webhook(n: number, key: string): Posting {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const token = randomBytes(25).toString('hex');
  const signature = createHmac('sha256', key)
    .update(timestamp + token)
    .digest('hex');
  const event = delivered(`person${n}@inbox.example`, `${n}.${token.slice(0, 12)}@mg.example.com`, `KEY${token}`);
  const body = JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': event });
  return { headers: { 'content-type': 'application/json' }, body };
}

const delivered = (recipient: string, messageId: string, storage: string) => ({
  event: 'delivered',
  id: randomBytes(12).toString('hex'),
  timestamp: Date.now() / 1000,
  'log-level': 'info',
  recipient,
  'recipient-domain': 'inbox.example',
  domain: { name: 'mg.example.com' },
  envelope: {
    sender: 'team@mg.example.com',
    targets: recipient,
    transport: 'smtp',
    'sending-ip': '198.51.100.7',
  },
  message: {
    headers: { 'message-id': messageId, from: 'team@mg.example.com', to: recipient, subject: 'Receipt' },
    size: 5121,
  },
  storage: {
    url: `https://storage-us-east4.api.mailgun.net/v3/domains/mg.example.com/messages/${storage}`,
    key: storage,
  },
  'delivery-status': {
    code: 250,
    message: 'OK',
    'attempt-no': 1,
    'session-seconds': 0.5,
    'mx-host': 'mx.inbox.example',
    tls: true,
  },
  'user-variables': {},
  tags: ['receipt'],
  filler: 'x'.repeat(700),
});

/** A small mail, as Mailgun's clients hand it over; every third call has a name. */
function mail(n: number, token: string): Posting {
  const named = n % 3 === 0 ? { 'idempotency-key': randomUUID() } : {};
  const authorization = `Basic ${btoa(`api:${token}`)}`;
  const form = new URLSearchParams(smallMail(n));
  return {
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded', ...named },
    body: form.toString(),
  };
}

export const smallMail = (n: number): [string, string][] => [
  ['from', 'Team <team@mg.example.com>'],
  ['to', `person${n}@inbox.example`],
  ['subject', 'Receipt'],
  ['text', 'Thank you for your order. '.repeat(40)],
  ['o:tag', 'receipt'],
];

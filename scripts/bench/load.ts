// Posts signed webhooks to one URL and prints how many were acknowledged a second. A process of its own, so that the
// client's work is not the server's. Bounded by count; loopback only.
import { createHmac, randomBytes } from 'node:crypto';
import { Pool } from 'undici';

const [url = '', key = '', count = '0', connections = '64'] = process.argv.slice(2);
const { origin, pathname, hostname } = new URL(url);
if (hostname !== '127.0.0.1') throw new Error('the load goes to loopback only');

function body(n: number): string {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const token = randomBytes(25).toString('hex');
  const signature = createHmac('sha256', key)
    .update(timestamp + token)
    .digest('hex');
  const recipient = `person${n}@inbox.example`;
  return JSON.stringify({
    signature: { timestamp, token, signature },
    'event-data': {
      event: 'delivered',
      id: randomBytes(12).toString('hex'),
      timestamp: Date.now() / 1000,
      'log-level': 'info',
      recipient,
      'recipient-domain': 'inbox.example',
      domain: { name: 'mail.example.com' },
      envelope: {
        sender: 'team@mail.example.com',
        targets: recipient,
        transport: 'smtp',
        'sending-ip': '198.51.100.7',
      },
      message: {
        headers: {
          'message-id': `${n}@mail.example.com`,
          from: 'team@mail.example.com',
          to: recipient,
          subject: 'Receipt',
        },
        size: 5121,
      },
      storage: {
        url: `https://storage-us-east4.api.mailgun.net/v3/domains/mail.example.com/messages/KEY${n}`,
        key: `KEY${n}`,
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
    },
  });
}

const bodies = Array.from({ length: Number(count) }, (_, n) => body(n));
const pool = new Pool(origin, { connections: Number(connections) });
let next = 0;
let kept = 0;
const started = performance.now();

async function post(): Promise<void> {
  for (let n = next++; n < bodies.length; n = next++) {
    const headers = { 'content-type': 'application/json' };
    const { statusCode, body: answer } = await pool.request({
      path: pathname,
      method: 'POST',
      headers,
      body: bodies[n] ?? '',
    });
    await answer.dump();
    if (statusCode === 200) kept++;
  }
}

await Promise.all(Array.from({ length: Number(connections) }, post));
const seconds = (performance.now() - started) / 1000;
await pool.close();
process.stdout.write(JSON.stringify({ kept, perSecond: Math.round(kept / seconds) }));

// Posts signed webhooks to one URL, and prints how many were taken a second and how long each took. A process of its own,
// so that the client's work is not the server's. Bounded by count; loopback only.
//   load.ts <url> <signing key> <count> <connections> [<a second>]
// With a rate it posts at that pace, whatever becomes of those before; without one each connection posts the next as soon
// as the last is answered.
import { createHmac, randomBytes } from 'node:crypto';
import { Pool } from 'undici';

const [url = '', key = '', count = '0', connections = '64', rate] = process.argv.slice(2);
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
      domain: { name: 'mg.example.com' },
      envelope: {
        sender: 'team@mg.example.com',
        targets: recipient,
        transport: 'smtp',
        'sending-ip': '198.51.100.7',
      },
      message: {
        headers: {
          'message-id': `${n}.${token.slice(0, 12)}@mg.example.com`,
          from: 'team@mg.example.com',
          to: recipient,
          subject: 'Receipt',
        },
        size: 5121,
      },
      storage: {
        url: `https://storage-us-east4.api.mailgun.net/v3/domains/mg.example.com/messages/KEY${token}`,
        key: `KEY${token}`,
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
const headers = { 'content-type': 'application/json' };
const took: number[] = [];

async function post(body: string): Promise<void> {
  const began = performance.now();
  const { statusCode, body: answer } = await pool.request({ path: pathname, method: 'POST', headers, body });
  await answer.dump();
  if (statusCode === 200) took.push(performance.now() - began);
}

async function asFastAsAnswered(): Promise<void> {
  const rest = bodies.values();
  const one = async () => {
    for (const next of rest) await post(next);
  };
  await Promise.all(Array.from({ length: Number(connections) }, one));
}

/** In bunches, as timers are too coarse for each. */
async function atRate(aSecond: number): Promise<void> {
  const began = performance.now();
  const all: Promise<void>[] = [];
  while (all.length < bodies.length) {
    const due = Math.min(bodies.length, Math.ceil(((performance.now() - began) / 1000) * aSecond));
    for (const next of bodies.slice(all.length, due)) all.push(post(next));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(all);
}

const began = performance.now();
await (rate === undefined ? asFastAsAnswered() : atRate(Number(rate)));
const seconds = (performance.now() - began) / 1000;
await pool.close();
took.sort((a, b) => a - b);
const at = (part: number) => took[Math.floor(took.length * part)] ?? Number.NaN;
const result = { taken: took.length, perSecond: Math.round(took.length / seconds), p50: at(0.5), p99: at(0.99) };
process.stdout.write(JSON.stringify(result));

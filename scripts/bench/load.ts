// Posts webhooks or mails to one URL, and prints how many were taken a second and how long each took. A process of its own,
// so that the client's work is not the server's. Bounded by count; loopback only.
//   load.ts webhook|mail <url> <secret> <count> <connections> [<a second>]
// With a rate it posts to a daemon at that pace, whatever becomes of those before; without one each connection posts the next as
// soon as the last is answered.
import { Pool } from 'undici';
import { POSTINGS, type Posting } from './postings.ts';

const [what = '', url = '', secret = '', count = '0', connections = '64', rate] = process.argv.slice(2);
const { origin, pathname, hostname } = new URL(url);
if (hostname !== '127.0.0.1') throw new Error('the load goes to loopback only');
const make = POSTINGS[what];
if (!make) throw new Error(`no load is called "${what}"`);

const postings = Array.from({ length: Number(count) }, (_, n) => make(n, secret));
const pool = new Pool(origin, { connections: Number(connections) });
const took: number[] = [];

async function post({ headers, body }: Posting): Promise<void> {
  const began = performance.now();
  const { statusCode, body: answer } = await pool.request({ path: pathname, method: 'POST', headers, body });
  await answer.dump();
  if (statusCode === 200) took.push(performance.now() - began);
}

async function asFastAsAnswered(): Promise<void> {
  const rest = postings.values();
  const one = async () => {
    for (const next of rest) await post(next);
  };
  await Promise.all(Array.from({ length: Number(connections) }, one));
}

/** The first calls compile the client, which is new each time, and open its connections: they would be late by that. */
async function warmUp(): Promise<void> {
  const ask = async () => {
    for (let n = 0; n < 50; n++) await (await pool.request({ path: '/healthz', method: 'GET' })).body.dump();
  };
  await Promise.all(Array.from({ length: Number(connections) }, ask));
}

/** In bunches, as timers are too coarse for each. */
async function atRate(aSecond: number): Promise<void> {
  const began = performance.now();
  const all: Promise<void>[] = [];
  while (all.length < postings.length) {
    const due = Math.min(postings.length, Math.ceil(((performance.now() - began) / 1000) * aSecond));
    for (const next of postings.slice(all.length, due)) all.push(post(next));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(all);
}

if (rate !== undefined) await warmUp();
const began = performance.now();
await (rate === undefined ? asFastAsAnswered() : atRate(Number(rate)));
const seconds = (performance.now() - began) / 1000;
await pool.close();
took.sort((a, b) => a - b);
const at = (part: number) => took[Math.floor(took.length * part)] ?? Number.NaN;
const result = { taken: took.length, perSecond: Math.round(took.length / seconds), p50: at(0.5), p99: at(0.99) };
process.stdout.write(JSON.stringify(result));

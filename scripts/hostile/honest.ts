// Posts signed webhooks at an even pace, whatever becomes of those before, and prints how long each took to be answered
// with 200, and how much time the daemon's thread worked meanwhile: that is how long it takes where nothing else runs.
//   honest.ts <port> <pid> <signing key> <domain> <seconds>
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { signedBody } from '../../src/lab/sim/webhooks.ts';

const [port, pid, key = '', domain = '', seconds] = process.argv.slice(2);
const A_SECOND = 20;
const until = AbortSignal.timeout(Number(seconds) * 1000);
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 16 });
const took: number[] = [];
const worked: number[] = [];
let refused = 0;

/** Milliseconds that the thread of the daemon's event loop has worked since its start. */
const workOf = (): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

function event(at: number, n: number): string {
  const id = `honest-${process.pid}-${n}`;
  const about = { event: 'delivered', id, timestamp: at / 1000, recipient: 'ann@far.example' };
  const message = { headers: { 'message-id': `${id}@${domain}` } };
  return signedBody(key, { ...about, domain: { name: domain }, message }, at);
}

async function post(n: number): Promise<void> {
  const started = performance.now();
  const before = workOf();
  try {
    const headers = { 'content-type': 'application/json' };
    const call = { path: '/webhooks/mailgun', method: 'POST', headers, body: event(Date.now(), n) } as const;
    const { statusCode, body } = await pool.request(call);
    await body.dump();
    if (statusCode !== 200) refused++;
    else {
      took.push(performance.now() - started);
      worked.push(workOf() - before);
    }
  } catch {
    refused++;
  }
}

const all: Promise<void>[] = [];
for (let n = 0; !until.aborted; n++) {
  all.push(post(n));
  await new Promise((resolve) => setTimeout(resolve, 1000 / A_SECOND));
}
await Promise.all(all);
await pool.close();
const sorted = (numbers: number[]) => numbers.sort((a, b) => a - b);
process.stdout.write(JSON.stringify({ took: sorted(took), worked: sorted(worked), refused }));

// How much memory a daemon takes while mail waits for a Mailgun that hangs.
import { randomBytes } from 'node:crypto';
import { sleep } from '../../src/base/wait.ts';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { DOMAIN, megabytesOf, type Running, TOKEN, withDaemon } from '../bench/daemon.ts';
import { middle } from '../bench/loads.ts';
import { seedQueue } from './backlog.ts';

/** Megabytes while it waits: in the middle, and at most; and at most while it is taken in. */
export type Memory = { usual: number; top: number; intake: number };
type How = { seconds: number; database: string };

const LARGE = 1_000_000;
const AT_ONCE = 4;

/** While small mails wait that were in the queue when it was started. */
export const benchSmall = (count: number, how: How): Promise<Memory> =>
  measure(how, { before: () => seedQueue(how.database, count, Date.now()) });

/** While mails of a megabyte wait that it has taken in itself. */
export const benchLarge = (count: number, how: How): Promise<Memory> =>
  measure(how, { fill: ({ url }) => postLarge(url, count) });

type Filling = { before?: () => Promise<void>; fill?: (daemon: Running) => Promise<void> };

async function measure({ seconds, database }: How, { before, fill }: Filling): Promise<Memory> {
  const sim = await startSimMailgun({ apiKey: 'key-of-the-bench', signingKey: 'of-the-bench', domains: [DOMAIN] });
  sim.misbehave(() => true, 'hang');
  try {
    await before?.();
    return await withDaemon({ ...sim.environment, DATABASE_URL: database }, async (daemon) => {
      const watch = watchMemory(daemon.pid);
      await fill?.(daemon);
      const taking = watch.seen.splice(0);
      await sleep(seconds * 1000);
      watch.end();
      const { seen } = watch;
      return { usual: middle(seen, (mb) => mb), top: Math.max(...seen), intake: Math.max(0, ...taking) };
    });
  } finally {
    await sim.close();
  }
}

function watchMemory(pid: number): { seen: number[]; end(): void } {
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(megabytesOf(pid)), 50);
  return { seen, end: () => clearInterval(timer) };
}

/** With an attachment that does not pack well. */
async function postLarge(url: string, count: number): Promise<void> {
  const rest = Array.from({ length: count }, (_, n) => n).values();
  const attachment = new Blob([randomBytes(LARGE)]);
  const one = async () => {
    for (const n of rest) await post(url, n, attachment);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function post(url: string, n: number, attachment: Blob): Promise<void> {
  const body = new FormData();
  body.set('from', `Team <team@${DOMAIN}>`);
  body.set('to', `person${n}@inbox.example`);
  body.set('text', 'The file that you asked for.');
  body.set('attachment', attachment, 'file.bin');
  const headers = { authorization: `Basic ${btoa(`api:${TOKEN}`)}` };
  const response = await fetch(`${url}/v3/${DOMAIN}/messages`, { method: 'POST', headers, body });
  if (response.status !== 200) throw new Error(`the daemon answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

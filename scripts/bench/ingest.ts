// Webhooks a second, beside a plain HTTP server in the same run. The daemon is a process with the settings as shipped and
// does its whole job meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { DOMAIN, withDaemon } from './daemon.ts';
import { type Load, middle, post } from './loads.ts';

const KEY = 'signing-key-of-the-bench';

const path = '/webhooks/mailgun';

async function startBare(): Promise<{ url: string; stop(): void }> {
  const script = join(import.meta.dirname, 'bare.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, KEY], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: `http://127.0.0.1:${String(port).trim()}${path}`, stop: () => void child.stdin.end() };
}

export type Ingest = { bare: Load; daemon: Load; atHalf: Load };

type How = { events: number; rounds: number; progress(line: string): void };

/** Each in turn, several times; then the daemon at half of the rate that it took. */
export async function benchIngest(database: string, how: How): Promise<Ingest> {
  const sim = await startSimMailgun({ apiKey: 'key-of-the-bench', signingKey: KEY, domains: [DOMAIN] });
  const bare = await startBare();
  try {
    return await withDaemon({ ...sim.environment, DATABASE_URL: database }, ({ url }) => compare(bare.url, url, how));
  } finally {
    bare.stop();
    await sim.close();
  }
}

async function compare(bare: string, daemon: string, { events, rounds, progress }: How): Promise<Ingest> {
  const what = { what: 'webhook', secret: KEY, connections: 64 } as const;
  const loads = { bare: [] as Load[], daemon: [] as Load[] };
  // The first round is for the compilers.
  for (let round = 0; round <= rounds; round++) {
    progress(`webhooks, round ${round} of ${rounds}`);
    const limit = await post({ ...what, url: bare }, events);
    const ours = await post({ ...what, url: daemon + path }, events);
    if (round === 0) continue;
    loads.bare.push(limit);
    loads.daemon.push(ours);
  }
  const ours = middle(loads.daemon, (load) => load.perSecond);
  const atHalf = await post({ ...what, url: daemon + path }, events, ours.perSecond / 2);
  return { bare: middle(loads.bare, (load) => load.perSecond), daemon: ours, atHalf };
}

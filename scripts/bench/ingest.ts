// Webhooks a second, beside a plain HTTP server in the same run. The daemon is a process with the settings as shipped and
// does its whole job meanwhile.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProcess } from '../../src/lab/campaign/daemon.ts';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';

const KEY = 'signing-key-of-the-bench';
const DOMAIN = 'mg.example.com';
const run = promisify(execFile);

type Load = { taken: number; perSecond: number; p50: number; p99: number };

async function load(url: string, count: number, rate?: number): Promise<Load> {
  const args = [url, KEY, String(count), '64', ...(rate === undefined ? [] : [String(Math.round(rate))])];
  const { stdout } = await run(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'load.ts'), ...args]);
  const result = JSON.parse(stdout) as Load;
  if (result.taken !== count) throw new Error(`only ${result.taken} of ${count} webhooks were taken`);
  return result;
}

const path = '/webhooks/mailgun';

async function startBare(): Promise<{ url: string; stop(): void }> {
  const script = join(import.meta.dirname, 'bare.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, KEY], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: `http://127.0.0.1:${String(port).trim()}${path}`, stop: () => void child.stdin.end() };
}

async function startDaemon(database: string) {
  const sim = await startSimMailgun({ apiKey: 'key-of-the-bench', signingKey: KEY, domains: [DOMAIN] });
  const env = { ...sim.environment, DATABASE_URL: database, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info' };
  const daemon = startProcess(['start'], env);
  const url = `http://127.0.0.1:${await daemon.up}${path}`;
  return {
    url,
    async stop() {
      daemon.signal('SIGTERM');
      await daemon.ended;
      await sim.close();
    },
  };
}

export type Ingest = { bare: Load; daemon: Load; atHalf: Load };

const middle = (loads: Load[]): Load =>
  loads.sort((a, b) => a.perSecond - b.perSecond)[Math.floor(loads.length / 2)] as Load;

/** Each in turn, several times; then the daemon at half of the rate that it took. */
export async function benchIngest(
  database: string,
  { events, rounds, progress }: { events: number; rounds: number; progress(line: string): void },
): Promise<Ingest> {
  const bare = await startBare();
  const daemon = await startDaemon(database);
  try {
    const loads = { bare: [] as Load[], daemon: [] as Load[] };
    // The first round is for the compilers.
    for (let round = 0; round <= rounds; round++) {
      progress(`webhooks, round ${round} of ${rounds}`);
      const [limit, ours] = [await load(bare.url, events), await load(daemon.url, events)];
      if (round === 0) continue;
      loads.bare.push(limit);
      loads.daemon.push(ours);
    }
    const ours = middle(loads.daemon);
    return { bare: middle(loads.bare), daemon: ours, atHalf: await load(daemon.url, events, ours.perSecond / 2) };
  } finally {
    bare.stop();
    await daemon.stop();
  }
}

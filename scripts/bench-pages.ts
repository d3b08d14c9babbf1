// npm run bench:pages: how long pages of the dashboard take with much mail, asked for over HTTP as a browser does.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { judgeBy } from '../src/classifier/judge.ts';
import { readConfig } from '../src/config/config.ts';
import { settingsOf } from '../src/config/settings.ts';
import { HOUR, SECOND } from '../src/core/time.ts';
import { createDashboard } from '../src/dashboard/dashboard.ts';
import { createApp } from '../src/http/app.ts';
import { LIMITS } from '../src/http/limits/limits.ts';
import { listen } from '../src/http/server.ts';
import { LIMITS as WAITS } from '../src/store/db/mysql.ts';
import { openStore, type Store } from '../src/store/db/open.ts';
import { makeIdentity } from '../src/store/notes/identity.ts';
import { fill } from './age/fill.ts';
import { addBacklog } from './age/work.ts';
import { onEachDatabase } from './bench/databases.ts';
import { pagesAt, searchesAt } from './pages/asked.ts';
import { addWords } from './pages/words.ts';
import { table } from './table.ts';

const USAGE = `npm run bench:pages -- [options]
  --size N        finished deliveries, in thousands (1000000)
  --pages N       pages that are turned in each search (40)
  --tries N       times that each of them is asked for, of which the quickest counts (1): more where others use the machine
  --rounds N      times that each other page is asked for (15)
  --only sqlite|mysql
  --quick         a small run of all of it: its figures say little
A million takes some 5 GB in the folder for temporary files, and some minutes to write.
`;
const { values } = parseArgs({
  options: {
    size: { type: 'string' },
    pages: { type: 'string' },
    tries: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const SIZE = Number(values.size ?? (values.quick ? 20_000 : 1_000_000));
const PAGES = Number(values.pages ?? (values.quick ? 3 : 40));
const TRIES = Number(values.tries ?? 1);
const ROUNDS = Number(values.rounds ?? (values.quick ? 3 : 15));
if (!(SIZE >= 10_000 && SIZE % 1000 === 0)) {
  process.stderr.write('--size is in thousands, and ten of them at least\n');
  process.exit(2);
}
const START = Date.UTC(2026, 10, 22);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));

const say = (line: string) => process.stdout.write(`${line}\n`);
const note = (line: string) => process.stderr.write(`${line}\n`);

/** A daemon's pages, open to this machine; each question comes later than what is kept of the one before. */
async function serve(store: Store) {
  let asked = 0;
  const now = () => START + asked * 15 * SECOND;
  const config = readConfig({}, 'database');
  const settings = settingsOf(config);
  const app = createApp({
    ...{ store, settings, tokens: [], webhooks: [], now, signal: new AbortController().signal },
    ...{ log: pino({ level: 'error' }, pino.destination(2)), onKept: () => {} },
    pages: (deps) =>
      createDashboard({
        ...{ ...deps, users: [], proxies: undefined, header: 'X-Forwarded-User', session: HOUR, publicUrl: null },
        ...{ tls: false, timezone: 'UTC', configuration: () => [] },
        present: { judge: judgeBy(undefined), rules: settings.rules },
      }),
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0, limits: LIMITS, monotonic: () => performance.now() });
  async function ask(path: string): Promise<{ text: string; took: number }> {
    asked++;
    const started = performance.now();
    const reply = await fetch(`http://127.0.0.1:${server.port}${path}`);
    const text = await reply.text();
    if (reply.status !== 200) throw new Error(`${path} was answered ${reply.status}`);
    return { text, took: performance.now() - started };
  }
  return { ask, close: () => server.close(0) };
}

type Served = Awaited<ReturnType<typeof serve>>;

async function quickest(ask: Served['ask'], path: string) {
  let best = await ask(path);
  for (let n = 1; n < TRIES; n++) {
    const again = await ask(path);
    if (again.took < best.took) best = again;
  }
  return best;
}

/** Turns the pages of a search until its end. */
async function turn({ ask }: Served, search: string): Promise<number[]> {
  const times: number[] = [];
  let path: string | null = `/messages?${new URLSearchParams({ q: search })}`;
  while (path !== null && times.length < PAGES) {
    const { text, took } = await quickest(ask, path);
    times.push(took);
    path = /<a href="([^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? null;
  }
  return times;
}

async function repeat({ ask }: Served, path: string): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < ROUNDS; n++) times.push((await ask(path)).took);
  return times;
}

function rowOf(name: string, times: readonly number[]): string[] {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0);
  return [name, String(times.length), at(0.5), at(0.95), at(1)];
}

const HEAD = ['pages', 'p50', 'p95', 'max'];

async function bench(database: string, databaseFor: (n: number) => Promise<string>): Promise<void> {
  const url = await databaseFor(0);
  // A hundred thousand rows in one statement take as long as they take.
  const filling = openStore(url, { limits: { ...WAITS, query: null } });
  await fill(filling, { size: SIZE, now: START, progress: () => {} });
  note(`${database}: ${SIZE} deliveries are written`);
  await addWords(filling);
  await filling.close();
  note('words are written');
  const store = openStore(url, { inThread: true });
  await addBacklog({ store, size: SIZE, now: START });
  await makeIdentity(store, START);
  const served = await serve(store);
  await served.ask('/messages');
  const found: [string, number[]][] = [];
  for (const search of searchesAt(SIZE)) found.push([search || 'nothing said', await turn(served, search)]);
  const all: [string, number[]] = ['**all searches**', found.flatMap(([, times]) => times)];
  say(
    `\n${table(
      [`${database}, ms: search`, ...HEAD],
      [...found, all].map(([name, times]) => rowOf(name, times)),
    )}`,
  );
  const pages: [string, number[]][] = [];
  for (const path of pagesAt(SIZE)) pages.push([path, await repeat(served, path)]);
  say(
    `\n${table(
      ['page', 'asked', ...HEAD.slice(1)],
      pages.map(([name, times]) => rowOf(name, times)),
    )}`,
  );
  say(`\nload of the machine: ${loadavg()[1]?.toFixed(1)} in the last five minutes`);
  await served.close();
  await store.close();
}

await onEachDatabase(values.only, bench, { 'innodb-buffer-pool-size': '2G', 'innodb-log-file-size': '1G' });

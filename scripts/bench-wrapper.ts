// npm run bench:wrapper: what tracking adds to a send, in time and CPU, beside mailgun.js alone. The two take turns within one
// run, so that only the ratio counts; on MariaDB where it is installed, on SQLite and over HTTP. Loopback only.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Mailgun from 'mailgun.js';
import { createHoming } from '../src/index.ts';
import { createMigrated, startMariaDb, withoutMariaDb } from '../src/lab/servers/mariadb.ts';
import { DOMAIN, TOKEN, withDaemon } from './bench/daemon.ts';
import { table } from './table.ts';

const USAGE = `npm run bench:wrapper -- [options]
  --sends N      of each of the two, in each place (1000)
  --latency MS   until Mailgun answers (50)
  --parallel N   at once (10)
  --memory N     sends after which memory is measured; 0 leaves it out (100000)
  --only mysql|sqlite|http
  --quick        a small run of all of it: its figures say little
`;
const { values } = parseArgs({
  options: {
    sends: { type: 'string' },
    latency: { type: 'string', default: '50' },
    parallel: { type: 'string', default: '10' },
    memory: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const sends = Number(values.sends ?? (values.quick ? 100 : 1000));
const remembered = Number(values.memory ?? (values.quick ? 2000 : 100_000));
const parallel = Number(values.parallel);
const folder = mkdtempSync(join(tmpdir(), 'homing-bench-'));
const MAIL = { from: `a@${DOMAIN}`, to: 'ann@example.org', subject: 'Hello', text: 'Hi' };

/** Mailgun in a process of its own, whose CPU is not ours, answering after `latency` ms as the real one does. */
const ANSWER = `
const server = require('node:http').createServer((request, response) => {
  request.resume().on('end', () => setTimeout(() => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"id":"<x@mg.example.com>","message":"Queued. Thank you."}');
  }, Number(process.argv[1])));
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;
const mailgun = spawn(process.execPath, ['-e', ANSWER, values.latency], { stdio: ['ignore', 'pipe', 'inherit'] });
const [said] = (await once(mailgun.stdout, 'data')) as [Buffer];
const url = `http://127.0.0.1:${Number(String(said))}`;
const client = new Mailgun(globalThis.FormData).client({ username: 'api', key: 'k', url });

type Homing = ReturnType<typeof createHoming>;
type Send = (n: number) => Promise<unknown>;
type Cost = { ms: number; cpu: number };

/** Wall time per send as its caller sees it, and CPU of this process, in ms. */
async function cost(send: Send, count: number, settle: () => Promise<void>): Promise<Cost> {
  const cpu = process.cpuUsage();
  let waited = 0;
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next++;
      const started = performance.now();
      await send(next);
      waited += performance.now() - started;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  await settle();
  const used = process.cpuUsage(cpu);
  return { ms: waited / count, cpu: (used.user + used.system) / 1000 / count };
}

const ROUNDS = 10;
const mean = (list: readonly number[]): number => list.reduce((sum, n) => sum + n, 0) / list.length;

/** Cells of a table: time and CPU of a send alone, tracked, and the ratio of the two. */
async function compare(homing: Homing): Promise<string[]> {
  const wrapped = homing.wrapMailgun(client);
  const alone: Send = () => client.messages.create(DOMAIN, MAIL);
  const tracked: Send = () => wrapped.messages.create(DOMAIN, MAIL);
  const nothing = () => Promise.resolve();
  const costs = {
    alone: (count: number) => cost(alone, count, nothing),
    tracked: (count: number) => cost(tracked, count, homing.flush),
  };
  await costs.alone(200);
  await costs.tracked(200);
  const runs: { plain: Cost; ours: Cost }[] = [];
  const part = Math.ceil(sends / ROUNDS);
  for (let n = 0; n < ROUNDS; n += 2) {
    // Each of the two comes first in turn, so that what drifts in between is shared.
    const plain = await costs.alone(part);
    runs.push({ plain, ours: await costs.tracked(part) });
    const ours = await costs.tracked(part);
    runs.push({ ours, plain: await costs.alone(part) });
  }
  const { recorded, spooled, lost } = homing.counts();
  if (recorded === 0 || spooled > 0 || lost > 0) throw new Error('not all was recorded in its time');
  return (['ms', 'cpu'] as const).flatMap((what) => {
    const [plain, ours] = [mean(runs.map((r) => r.plain[what])), mean(runs.map((r) => r.ours[what]))];
    return [plain.toFixed(2), ours.toFixed(2), (ours / plain).toFixed(2)];
  });
}

/** Cells of a table: the heap before and after, and what is resident then, in MB. */
async function memory(count: number, homing: Homing): Promise<string[]> {
  const fast = homing.wrapMailgun({
    messages: { create: (_domain: string, _data: object) => Promise.resolve({ status: 200, id: '<x@y>' }) },
  });
  const send: Send = () => fast.messages.create(DOMAIN, MAIL);
  await cost(send, 1000, homing.flush);
  globalThis.gc?.();
  const before = process.memoryUsage();
  await cost(send, count, homing.flush);
  globalThis.gc?.();
  const after = process.memoryUsage();
  return [before.heapUsed, after.heapUsed, before.rss, after.rss].map((bytes) => (bytes / 1024 / 1024).toFixed(0));
}

const options = { spool: { folder: join(folder, 'spool') }, patience: 5000 };

/** A daemon on this database files what is told while the sends go on, in a process of its own. */
const daemonOn = (database: string): Record<string, string> => ({
  ...{ DATABASE_URL: database, MAILGUN_API_KEY: 'k', MAILGUN_DOMAIN: DOMAIN, MAILGUN_API_URL: url },
  ...{ MAILGUN_STORAGE_HOSTS: new URL(url).host, MAILGUN_WEBHOOK_SIGNING_KEY: 's', RECONCILE_CRON: '0 0 1 1 *' },
});

async function measure(name: string, homing: Homing): Promise<string[]> {
  try {
    return [name, ...(await compare(homing)), ...(remembered > 0 ? await memory(remembered, homing) : [])];
  } finally {
    await homing.close();
  }
}

type Place = (name: string) => Promise<string[]>;

async function onMariaDb(name: string): Promise<string[]> {
  const missing = withoutMariaDb();
  if (missing) return [`${name}: left out (${missing})`];
  const server = await startMariaDb();
  try {
    const database = await createMigrated(server, 'homing');
    return await withDaemon(daemonOn(database), () => measure(name, createHoming({ database, ...options })));
  } finally {
    await server.stop();
  }
}

const sqliteFile = (name: string) => `sqlite:${join(folder, `${name}.sqlite`)}`;

const onSqlite: Place = (name) => {
  const database = sqliteFile(name);
  return withDaemon(daemonOn(database), () => measure(name, createHoming({ database, ...options })));
};

const overHttp: Place = (name) =>
  withDaemon(daemonOn(sqliteFile(name)), (daemon) =>
    measure(name, createHoming({ url: daemon.url, token: TOKEN, ...options })),
  );

const PLACES: Readonly<Record<string, [name: string, place: Place]>> = {
  mysql: ['MariaDB', onMariaDb],
  sqlite: ['SQLite', onSqlite],
  http: ['HTTP', overHttp],
};
const HEAD = ['', 'time alone, ms', 'tracked', 'ratio', 'CPU alone, ms', 'tracked', 'ratio'];
const MEMORY = ['heap before, MB', 'after', 'resident before, MB', 'after'];

try {
  console.log(`${sends} sends, ${parallel} at once, Mailgun answers after ${values.latency} ms`);
  if (remembered > 0) console.log(`memory before and after ${remembered} sends`);
  const rows: string[][] = [];
  for (const [key, [name, place]] of Object.entries(PLACES))
    if (values.only === undefined || values.only === key) rows.push(await place(name));
  console.log(table(remembered > 0 ? [...HEAD, ...MEMORY] : HEAD, rows));
} finally {
  mailgun.kill();
  rmSync(folder, { recursive: true, force: true });
}

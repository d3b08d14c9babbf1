// What tracking adds to a send: time and CPU of mailgun.js alone and wrapped, in turns within one run, so that only the
// ratio counts. Loopback only. npm run bench:wrapper -- [--sends 1000] [--latency 50] [--parallel 10] [--memory 100000]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Mailgun from 'mailgun.js';
import { createHoming } from '../src/index.ts';
import { startProcess } from '../src/lab/campaign/daemon.ts';
import { createMigrated, startMariaDb, withoutMariaDb } from '../src/lab/servers/mariadb.ts';

const { values } = parseArgs({
  options: {
    sends: { type: 'string', default: '1000' },
    latency: { type: 'string', default: '50' },
    parallel: { type: 'string', default: '10' },
    memory: { type: 'string', default: '0' },
  },
});
const sends = Number(values.sends);
const parallel = Number(values.parallel);
const folder = mkdtempSync(join(tmpdir(), 'homing-bench-'));
const MAIL = { from: 'a@mg.example.com', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };

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

async function compare(name: string, homing: ReturnType<typeof createHoming>): Promise<void> {
  const wrapped = homing.wrapMailgun(client);
  const alone: Send = () => client.messages.create('mg.example.com', MAIL);
  const tracked: Send = () => wrapped.messages.create('mg.example.com', MAIL);
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
  const of = (what: keyof Cost) => ({
    plain: mean(runs.map((r) => r.plain[what])),
    ours: mean(runs.map((r) => r.ours[what])),
  });
  const show = ({ plain, ours }: { plain: number; ours: number }) =>
    `${plain.toFixed(2)} -> ${ours.toFixed(2)} ms (${(ours / plain).toFixed(2)} times)`;
  console.log(`${name.padEnd(8)} time ${show(of('ms'))}   cpu ${show(of('cpu'))}   ${JSON.stringify(homing.counts())}`);
}

async function memory(count: number, homing: ReturnType<typeof createHoming>): Promise<void> {
  const fast = homing.wrapMailgun({
    messages: { create: (_domain: string, _data: object) => Promise.resolve({ status: 200, id: '<x@y>' }) },
  });
  const send: Send = () => fast.messages.create('mg.example.com', MAIL);
  await cost(send, 1000, homing.flush);
  globalThis.gc?.();
  const before = process.memoryUsage();
  await cost(send, count, homing.flush);
  globalThis.gc?.();
  const after = process.memoryUsage();
  const mb = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  console.log(
    `memory after ${count} sends: heap ${mb(before.heapUsed)} -> ${mb(after.heapUsed)} MB, rss ${mb(after.rss)} MB`,
  );
}

const options = { spool: { folder: join(folder, 'spool') }, patience: 5000 };

/** A daemon on this database, which files what is told while the sends go on, in a process of its own. */
async function withDaemon(database: string, use: (url: string) => Promise<void>): Promise<void> {
  const daemon = startProcess(['start'], {
    ...{ DATABASE_URL: database, HOST: '127.0.0.1', PORT: '0', API_TOKENS: 't', LOG_LEVEL: 'info' },
    ...{ MAILGUN_API_KEY: 'k', MAILGUN_DOMAIN: 'mg.example.com', MAILGUN_API_URL: url },
    ...{ MAILGUN_STORAGE_HOSTS: new URL(url).host, MAILGUN_WEBHOOK_SIGNING_KEY: 's', RECONCILE_CRON: '0 0 1 1 *' },
  });
  try {
    await use(`http://127.0.0.1:${await daemon.up}`);
  } finally {
    await daemon.kill();
  }
}

async function measure(name: string, homing: ReturnType<typeof createHoming>): Promise<void> {
  await compare(name, homing);
  if (Number(values.memory) > 0) await memory(Number(values.memory), homing);
  await homing.close();
}

const sqlite = `sqlite:${join(folder, 'homing.sqlite')}`;
const mariadb = withoutMariaDb() === null ? await startMariaDb() : null;
try {
  console.log(`${sends} sends, ${parallel} at once, Mailgun answers after ${values.latency} ms`);
  if (mariadb) {
    const database = await createMigrated(mariadb, 'homing');
    await withDaemon(database, () => measure('MariaDB', createHoming({ database, ...options })));
  } else console.log('MariaDB  not installed');
  await withDaemon(sqlite, () => measure('SQLite', createHoming({ database: sqlite, ...options })));
  await withDaemon(sqlite, (api) => measure('HTTP', createHoming({ url: api, token: 't', ...options })));
} finally {
  await mariadb?.stop();
  mailgun.kill();
  rmSync(folder, { recursive: true, force: true });
}

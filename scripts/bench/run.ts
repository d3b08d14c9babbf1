// npm run bench: what the design promises, as ratios within one run on one machine. Loopback only, bounded.
//   --events N     webhooks per measurement (6000)
//   --finished N   finished deliveries of the large history (1000000)
//   --only sqlite|mysql

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import pino from 'pino';
import { classify } from '../../src/classifier/classify.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { policyFor } from '../../src/core/policy.ts';
import { handedOver } from '../../src/core/sent.ts';
import type { Bounce } from '../../src/core/sighting.ts';
import { createApp } from '../../src/http/app.ts';
import { listen } from '../../src/http/server.ts';
import type { WebhookOf } from '../../src/http/webhook.ts';
import { digest } from '../../src/inbox/digest.ts';
import { startMariaDb, withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { openWebhook, reopen } from '../../src/providers/mailgun/webhook.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { type Arrival, type InboxRow, keep } from '../../src/store/inbox/inbox.ts';
import { claimDue } from '../../src/store/ledger/due.ts';
import { changeHeld } from '../../src/store/ledger/ledger.ts';
import { record } from '../../src/store/messages/messages.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '6000' },
    finished: { type: 'string', default: '1000000' },
    only: { type: 'string' },
  },
});
const EVENTS = Number(values.events);
const FINISHED = Number(values.finished);
const BACKLOG = 2000;
const ROUNDS = 3;
const KEY = 'signing-key-of-the-bench';
const DOMAIN = 'mail.example.com';
const settings = settingsOf(readConfig({}, 'database'));
const log = pino({ level: 'silent' });
const run = promisify(execFile);

const say = (line: string) => process.stdout.write(`${line}\n`);
const progress = (line: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${line}`);
const median = (list: number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const row = (name: string, value: string, ratio = '') => say(`  ${name.padEnd(52)} ${value.padStart(12)}  ${ratio}`);

/** Webhooks acknowledged a second when `kept` is what makes them durable. */
async function ingest(store: Store, kept: (arrivals: readonly Arrival[]) => Promise<void>): Promise<number> {
  const deps = {
    store,
    settings,
    tokens: [],
    onKept: () => {},
    now: Date.now,
    signal: new AbortController().signal,
    log,
  };
  const webhook: WebhookOf = {
    provider: 'mailgun',
    path: '/webhooks/mailgun',
    open: ({ raw, headers }, now) => openWebhook(raw, headers['content-type'], [KEY], now),
  };
  const server = await listen(createApp({ ...deps, webhooks: [webhook], keep: kept }), {
    host: '127.0.0.1',
    port: 0,
    monotonic: () => performance.now(),
  });
  const script = join(import.meta.dirname, 'load.ts');
  const url = `http://127.0.0.1:${server.port}/webhooks/mailgun`;
  const { stdout } = await run(process.execPath, ['--import', 'tsx', script, url, KEY, String(EVENTS), '64']);
  await server.close(1000);
  const result = JSON.parse(stdout) as { kept: number; perSecond: number };
  if (result.kept !== EVENTS) throw new Error(`only ${result.kept} of ${EVENTS} webhooks were acknowledged`);
  return result.perSecond;
}

const oneByOne = (store: Store) => async (arrivals: readonly Arrival[]) => {
  await Promise.all(arrivals.map((a) => keep(store, [a])));
};

async function benchIngest(store: Store): Promise<void> {
  const figures = { nothing: [] as number[], group: [] as number[], each: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    progress(`webhooks, round ${round + 1} of ${ROUNDS}`);
    figures.nothing.push(await ingest(store, async () => {}));
    figures.group.push(await ingest(store, async (a) => void (await keep(store, a))));
    figures.each.push(await ingest(store, oneByOne(store)));
  }
  const [nothing, group, each] = [median(figures.nothing), median(figures.group), median(figures.each)];
  row('webhooks, nothing stored (the ceiling)', `${nothing}/s`);
  row('webhooks, durable, group commit', `${group}/s`, `${(group / nothing).toFixed(2)} of the ceiling`);
  row('webhooks, durable, a transaction each', `${each}/s`, `group commit is ${(group / each).toFixed(1)} times this`);
}

async function benchDigest(store: Store): Promise<void> {
  const now = Date.now();
  await store.db('inbox').delete();
  const policy = policyFor('notice', settings.policies);
  const n = Math.min(EVENTS, 3000);
  for (let i = 0; i < n; i += 100) {
    const recipients = Array.from({ length: 100 }, (_, k) => `person${i + k}@inbox.example`);
    const draft = {
      domain: DOMAIN,
      from: `team@${DOMAIN}`,
      subject: 'Receipt',
      class: 'notice' as const,
      key: null,
      origin: 'recorded' as const,
    };
    const messageId = `digest${i}@${DOMAIN}`;
    const { id } = await record(
      store,
      { ...draft, messageId, policy, recipients, facts: handedOver(now, messageId, 'mailgun'), createdAt: now },
      now,
    );
    await keep(
      store,
      recipients.map((recipient, k) => arrivalOf(recipient, id, messageId, i + k, now)),
    );
  }
  const deps = {
    store,
    settings,
    read: (r: InboxRow) => reopen(r.body, r.content_type),
    judge: (bounce: Bounce) => classify(bounce),
    now: Date.now,
    log,
  };
  const started = performance.now();
  let done = 0;
  for (let batch = await digest(deps); batch > 0; batch = await digest(deps)) done += batch;
  row(
    'digest, events to facts and states',
    `${Math.round((done * 1000) / (performance.now() - started))}/s`,
    `${done} events`,
  );
}

function arrivalOf(recipient: string, id: string, messageId: string, n: number, now: number): Arrival {
  const data = {
    event: 'delivered',
    id: `e${n}`,
    timestamp: now / 1000,
    recipient,
    domain: { name: DOMAIN },
    message: { headers: { 'message-id': messageId } },
    'user-variables': { 'homing-id': id },
  };
  const signature = { timestamp: '1', token: 't', signature: 's' };
  return {
    provider: 'mailgun',
    about: null,
    source: 'webhook',
    replayKey: `bench${n}`,
    eventKey: null,
    receivedAt: now,
    contentType: 'application/json',
    body: JSON.stringify({ signature, 'event-data': data }),
  };
}

/** A history of finished deliveries, written straight to the tables: nobody could wait for a million to be played. */
async function seedFinished(store: Store, from: number, to: number): Promise<void> {
  const now = Date.now();
  for (let i = from; i < to; i += 500) {
    if (i % 20_000 === 0) progress(`seeding the history: ${i} of ${to}`);
    const rows = Array.from({ length: Math.min(500, to - i) }, (_, k) => finishedRow(i + k, now));
    await store.db('deliveries').insert(rows);
  }
  progress('');
}

const finishedRow = (n: number, now: number) => ({
  id: `F${String(n).padStart(25, '0')}`,
  message_id: `F${String(n).padStart(25, '0')}`,
  recipient: `old${n}@inbox.example`,
  recipient_key: `old${n}@inbox.example`,
  domain: DOMAIN,
  class: 'notice',
  state: 'delivered',
  reason: null,
  attempt: 1,
  provider: 'mailgun',
  next_at: null,
  created_at: now - n,
  updated_at: now,
  ended_at: now,
});

/** Deliveries claimed and given back a second, in batches of 100. */
async function claims(store: Store): Promise<number> {
  const now = Date.now() + 10 * 24 * 3_600_000;
  const started = performance.now();
  let done = 0;
  while (done < BACKLOG * 2) {
    const { lease, claimed } = await claimDue(store, [{ lane: '', most: 100 }], now, 1000);
    const ids = claimed.map((c) => c.id);
    if (ids.length === 0) throw new Error('nothing is due');
    await changeHeld(store, { ids, lease }, now, () => []);
    done += ids.length;
  }
  return Math.round((done * 1000) / (performance.now() - started));
}

async function benchClaims(store: Store): Promise<void> {
  const now = Date.now();
  const policy = policyFor('notice', settings.policies);
  for (let i = 0; i < BACKLOG; i += 100) {
    const recipients = Array.from({ length: 100 }, (_, k) => `due${i + k}@inbox.example`);
    const messageId = `due${i}@${DOMAIN}`;
    await record(
      store,
      {
        messageId,
        domain: DOMAIN,
        from: `team@${DOMAIN}`,
        subject: null,
        class: 'notice',
        key: null,
        origin: 'recorded',
        policy,
        recipients,
        facts: handedOver(now, messageId, 'mailgun'),
        createdAt: now,
      },
      now,
    );
  }
  await seedFinished(store, 0, 10_000);
  const small = median([await claims(store), await claims(store), await claims(store)]);
  await seedFinished(store, 10_000, FINISHED);
  const large = median([await claims(store), await claims(store), await claims(store)]);
  row('claims, 10000 finished deliveries', `${small}/s`);
  row(`claims, ${FINISHED} finished deliveries`, `${large}/s`, `${(large / small).toFixed(2)} of that`);
}

async function bench(name: string, url: string): Promise<void> {
  const store = openStore(url);
  await migrate(store.db);
  say(`\n${name}`);
  await benchIngest(store);
  await benchDigest(store);
  await benchClaims(store);
  await store.close();
}

say(`node ${process.version}, ${EVENTS} webhooks, 64 connections, medians of ${ROUNDS}`);
if (values.only !== 'mysql') {
  const directory = await mkdtemp(join(tmpdir(), 'homing-bench-'));
  await bench('SQLite, WAL, synchronous=FULL', `sqlite:${join(directory, 'bench.sqlite')}`);
  await rm(directory, { recursive: true, force: true });
}
if (values.only !== 'sqlite') {
  const missing = withoutMariaDb();
  if (missing) say(`\nMariaDB: left out (${missing})`);
  else {
    const server = await startMariaDb({ 'innodb-buffer-pool-size': '1G', 'innodb-flush-method': 'O_DIRECT' });
    const admin = openStore(server.url('information_schema'));
    await admin.db.raw('create database bench');
    await admin.close();
    await bench('MariaDB, innodb_flush_log_at_trx_commit=1', server.url('bench'));
    await server.stop();
  }
}

// npm run bench: what the design promises, as ratios within one run on one machine. Loopback only, bounded.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { classify } from '../../src/classifier/classify.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { policyFor } from '../../src/core/policy.ts';
import { handedOver } from '../../src/core/sent.ts';
import type { Bounce } from '../../src/core/sighting.ts';
import { digest } from '../../src/inbox/digest.ts';
import { startMariaDb, withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { reopen } from '../../src/providers/mailgun/webhook.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { type Arrival, type InboxRow, keep } from '../../src/store/inbox/inbox.ts';
import { claimDue } from '../../src/store/ledger/due.ts';
import { changeHeld } from '../../src/store/ledger/ledger.ts';
import { record } from '../../src/store/messages/messages.ts';
import { benchIngest } from './ingest.ts';

const USAGE = `npm run bench -- [options]
  --events N     webhooks per measurement (10000)
  --finished N   finished deliveries of the large history (1000000)
  --only sqlite|mysql
  --quick        a small run of all of it, under a minute: its figures say little
`;
const { values } = parseArgs({
  options: {
    events: { type: 'string' },
    finished: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const EVENTS = Number(values.events ?? (values.quick ? 1000 : 10_000));
const FINISHED = Number(values.finished ?? (values.quick ? 20_000 : 1_000_000));
const ROUNDS = values.quick ? 1 : 3;
const BACKLOG = 2000;
const DOMAIN = 'mail.example.com';
const settings = settingsOf(readConfig({}, 'database'));
const log = pino({ level: 'silent' });

const say = (line: string) => process.stdout.write(`${line}\n`);
const progress = (line: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${line}`);
const median = (list: number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const row = (name: string, value: string, ratio = '') => say(`  ${name.padEnd(52)} ${value.padStart(12)}  ${ratio}`);

async function showIngest(url: string): Promise<void> {
  const { bare, daemon, atHalf } = await benchIngest(url, { events: EVENTS, rounds: ROUNDS, progress });
  row('webhooks, read and verified by a plain server', `${bare.perSecond}/s`, '1.00');
  row('webhooks, taken by a daemon at work', `${daemon.perSecond}/s`, (daemon.perSecond / bare.perSecond).toFixed(2));
  row('the same: median and p99', `${daemon.p50.toFixed(0)} ms`, `${daemon.p99.toFixed(0)} ms`);
  row('at half of that rate: median and p99', `${atHalf.p50.toFixed(1)} ms`, `${atHalf.p99.toFixed(1)} ms`);
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
  await showIngest(url);
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

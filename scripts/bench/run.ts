// npm run bench: what the design promises, as ratios within one run on one machine. Loopback only, bounded.
import { parseArgs } from 'node:util';
import { digest } from '../../src/inbox/digest.ts';
import { BATCH } from '../../src/inbox/jobs.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { onEachDatabase } from './databases.ts';
import { arrivalOf, DOMAIN, digesting, recordMail } from './events.ts';
import { benchIngest } from './ingest.ts';
import { middle } from './loads.ts';

const USAGE = `npm run bench -- [options]
  --events N     webhooks per measurement (10000)
  --only sqlite|mysql
  --quick        a small run of all of it, under a minute: its figures say little
`;
const { values } = parseArgs({
  options: {
    events: { type: 'string' },
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
const ROUNDS = values.quick ? 1 : 3;

const say = (line: string) => process.stdout.write(`${line}\n`);
const progress = (line: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${line}`);
const row = (name: string, value: string, ratio = '') => say(`  ${name.padEnd(52)} ${value.padStart(12)}  ${ratio}`);

async function showIngest(url: string): Promise<void> {
  const { bare, daemon, atHalf } = await benchIngest(url, { events: EVENTS, rounds: ROUNDS, progress });
  row('webhooks, read and verified by a plain server', `${bare.perSecond}/s`, '1.00');
  row('webhooks, taken by a daemon at work', `${daemon.perSecond}/s`, (daemon.perSecond / bare.perSecond).toFixed(2));
  row('the same: median and p99', `${daemon.p50.toFixed(0)} ms`, `${daemon.p99.toFixed(0)} ms`);
  row('at half of that rate: median and p99', `${atHalf.p50.toFixed(1)} ms`, `${atHalf.p99.toFixed(1)} ms`);
}

async function benchDigest(store: Store): Promise<void> {
  await store.db('inbox').delete();
  // The first round is for the compilers.
  await digestedPerSecond(store, 0);
  const rates: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) rates.push(await digestedPerSecond(store, round));
  row('digest, events to facts and states', `${middle(rates, (rate) => rate)}/s`, `${DIGESTED} events`);
}

const DIGESTED = Math.min(EVENTS, 3000);

async function digestedPerSecond(store: Store, round: number): Promise<number> {
  const now = Date.now();
  for (let i = 0; i < DIGESTED; i += 100) {
    const recipients = Array.from({ length: 100 }, (_, k) => `person${i + k}@inbox.example`);
    const messageId = `digest${round}.${i}@${DOMAIN}`;
    const id = await recordMail(store, { messageId, recipients, at: now });
    await keep(
      store,
      recipients.map((recipient, k) => {
        const name = `bench${round}.${i + k}`;
        return arrivalOf({ name, id, messageId, recipient, at: now });
      }),
    );
  }
  const deps = digesting(store, Date.now);
  const started = performance.now();
  let done = 0;
  const next = () => digest(deps, BATCH[store.kind]);
  for (let batch = await next(); batch > 0; batch = await next()) done += batch;
  return Math.round((done * 1000) / (performance.now() - started));
}

async function bench(name: string, databaseFor: (n: number) => Promise<string>): Promise<void> {
  const url = await databaseFor(0);
  const store = openStore(url);
  say(`\n${name}`);
  await showIngest(url);
  await benchDigest(store);
  await store.close();
}

say(`node ${process.version}, ${EVENTS} webhooks, 64 connections, medians of ${ROUNDS}`);
await onEachDatabase(values.only, bench);

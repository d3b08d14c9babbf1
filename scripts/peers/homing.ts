// Homing's own queue. Of each delivery it writes the fact of the claim and the new state, and then the fact of the outcome and
// the state after that: more than a job queue does, which forgets a job that is done or keeps its last state.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HandOver } from '../../src/core/decision/world.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { answerFact, claimedFact } from '../../src/dispatch/facts.ts';
import { createMigrated, startMariaDb, withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { claimDue, lookAgain } from '../../src/store/ledger/due.ts';
import { change, changeHeld } from '../../src/store/ledger/ledger.ts';
import { SERVER } from '../bench/databases.ts';
import { seedQueue } from '../outbox/backlog.ts';
import { type Drained, type Entrant, type Field, measure, onServer } from './contest.ts';
import { dispatchAll } from './dispatch.ts';

const LEASE = 5 * MINUTE;
const AT_ONCE = 100;
const HAND_OVER: HandOver = {
  ...{ do: 'handOver', provider: 'mailgun', role: 'first', way: 'whole' },
  ...{ deliverAt: null, double: null, why: null },
};

type Way = Pick<Entrant, 'way' | 'isSingle'> & { drain(store: Store, url: string, count: number): Promise<Drained> };

export const AS_SHIPPED = "a daemon's dispatcher";

const WAYS: readonly Way[] = [
  { way: AS_SHIPPED, drain: async (_store, url, count) => dispatchAll(url, count) },
  {
    way: `claims and outcomes, ${AT_ONCE} at a time`,
    drain: (store, _url, count) => inTwoSteps(store, count, AT_ONCE),
  },
  { way: 'the same, one at a time', isSingle: true, drain: (store, _url, count) => inTwoSteps(store, count, 1) },
  { way: `leases alone, ${AT_ONCE} at a time, nothing noted`, drain: (store, _url, count) => leaseAlone(store, count) },
];

export async function homingOnSqlite(): Promise<Field> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const field = await fieldOn('Homing on SQLite', async (n) => {
    const url = `sqlite:${join(folder, `peers-${n}.sqlite`)}`;
    const store = openStore(url);
    await migrate(store.db);
    await store.close();
    return url;
  });
  return { ...field, close: () => field.close().then(remove) };
}

export async function homingOnMariaDb(): Promise<Field> {
  const missing = withoutMariaDb();
  if (missing) throw new Error(missing);
  const server = await startMariaDb(SERVER);
  return onServer(server, () => fieldOn('Homing on MariaDB', (n) => createMigrated(server, `peers${n}`)));
}

/** Each way has a database of its own, with what is left of the rounds before. */
async function fieldOn(queue: string, databaseFor: (n: number) => Promise<string>): Promise<Field> {
  const stores: Store[] = [];
  const entrants: Entrant[] = [];
  for (const [n, { drain, ...way }] of WAYS.entries()) {
    const url = await databaseFor(n);
    const store = openStore(url);
    stores.push(store);
    entrants.push({
      ...{ queue, ...way },
      fill: (count) => seedQueue(url, count, Date.now()),
      drain: (count) => drain(store, url, count),
    });
  }
  return { entrants, close: async () => void (await Promise.all(stores.map((store) => store.close()))) };
}

/** What the dispatcher writes, without its decisions, its copies and its provider. */
async function inTwoSteps(store: Store, count: number, most: number): Promise<Drained> {
  const done = measure();
  for (let left = count; left > 0; ) {
    const { lease, ids, now } = await claim(store, most);
    const hold = { lease, leaseFor: LEASE, now };
    await changeHeld(store, { ids, lease }, now, (view) => [claimedFact(view, HAND_OVER, hold)]);
    const at = Date.now();
    await change(store, ids, at, ({ rfcMessageId: messageId, delivery: { attempt } }) => [
      answerFact({ kind: 'accepted', messageId, detail: 'Queued. Thank you.' }, attempt, at, { tracked: true }),
    ]);
    left -= ids.length;
  }
  const drained = done();
  await checkDone(store);
  return drained;
}

/** The claim, and that it is given back: as durable, and nothing is known of it afterwards. */
async function leaseAlone(store: Store, count: number): Promise<Drained> {
  const done = measure();
  for (let left = count; left > 0; ) {
    const { lease, ids, now } = await claim(store, AT_ONCE);
    await lookAgain(store, lease, ids, now + DAY);
    left -= ids.length;
  }
  return done();
}

async function claim(store: Store, most: number) {
  const now = Date.now();
  const { lease, claimed } = await claimDue(store, [{ lane: '', most }], { now, lease: LEASE });
  if (claimed.length === 0) throw new Error('nothing is due any more, and not all was claimed');
  return { lease, now, ids: claimed.map(({ id }) => id) };
}

async function checkDone(store: Store): Promise<void> {
  const open = await store.db('deliveries').whereIn('state', ['queued', 'sending']).count({ n: '*' }).first();
  if (Number(open?.['n']) > 0) throw new Error(`${open?.['n']} deliveries were not done`);
}

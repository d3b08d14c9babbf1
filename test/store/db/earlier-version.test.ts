// The database of version 0.1.0, as that version left it in the middle of its work (`version-0.1.0.json.gz`: the rows of
// every table, and what its API and its report said of them).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Knex } from 'knex';
import type { Period } from '../../../src/core/figures/summary.ts';
import { HOUR, type Ms } from '../../../src/core/time.ts';
import { pendingMigrations } from '../../../src/store/db/migrate.ts';
import { openStore } from '../../../src/store/db/open.ts';
import { rebuild } from '../../../src/store/figures/rebuild.ts';
import { summaryOf } from '../../../src/tell/summary-of.ts';
import { migrates } from '../../support/child.ts';
import { type Homing, startByHand } from '../../support/homing.ts';
import { eachDatabase } from '../../support/stores.ts';

/** The migrations of version 0.1.0. */
const ITS_OWN = [
  '20261125000000_core',
  '20261125000100_rollups',
  '20261125000200_decisions',
  '20261125000300_calls',
  '20261125000400_reposts',
];

type Delivery = {
  recipient: string;
  state: string;
  reason: string | null;
  attempt: number;
  provider: string | null;
  nextAttemptAt: string | null;
  attempts: {
    number: number;
    at: string;
    outcome: string;
    deliverAt: string | null;
    possibleDouble: string | null;
    answer: { kind: string } | null;
  }[];
  facts: { at: string; kind: string }[];
  explanation: string;
};
type Message = { id: string; deliveries: Delivery[] };
type Version = {
  at: Ms;
  rows: Record<string, Record<string, unknown>[]>;
  report: { period: Period; outages: unknown };
  messages: Message[];
};

const VERSION = JSON.parse(
  gunzipSync(readFileSync(new URL('version-0.1.0.json.gz', import.meta.url))).toString(),
) as Version;

/** Makes its tables, and fills them. */
async function fill(db: Knex): Promise<void> {
  const [mysql, sqlite] = ['int unsigned not null auto_increment', 'integer not null'];
  const id = db.client.driverName === 'mysql2' ? mysql : sqlite;
  await db.raw(
    `create table knex_migrations (id ${id} primary key, name varchar(255), batch integer, migration_time timestamp null)`,
  );
  for (const name of ITS_OWN) {
    const { up } = (await import(`../../../migrations/${name}.ts`)) as Knex.Migration;
    await up(db);
    await db('knex_migrations').insert({ name, batch: 1 });
  }
  for (const [table, rows] of Object.entries(VERSION.rows))
    for (let n = 0; n < rows.length; n += 20) await db(table).insert(rows.slice(n, n + 20).map(bytesIn));
}

const bytesIn = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value !== null && typeof value === 'object' ? Buffer.from((value as { hex: string }).hex, 'hex') : value,
    ]),
  );

async function startOn(t: TestContext, url: string): Promise<Homing> {
  const homing = await startByHand(t, { database: url, env: { EVENTS_SETTLE: '1m', ENCRYPTION_KEY: 'ab'.repeat(32) } });
  homing.clock.set(VERSION.at);
  return homing;
}

async function told({ url }: Homing, id: string): Promise<Message> {
  const response = await fetch(`${url}/api/messages/${id}`, { headers: { authorization: 'Bearer token' } });
  assert.equal(response.status, 200);
  return (await response.json()) as Message;
}

/** A summary as it was kept. Of what a person had said it took the first word for the reason, which is no reason. */
function comparable(summary: unknown): unknown {
  const text = JSON.stringify(summary, (name, value: unknown) => {
    // A histogram has no order.
    if (name === 'times') return [...(value as Iterable<[number, object]>)].sort(([a], [b]) => a - b);
    if (value instanceof Map) return [...value];
    // It did not count them.
    if (name === 'copies') return undefined;
    if (name === 'cures') return (value as object[]).map((cure) => ({ ...CURE, ...cure }));
    return name === 'ends'
      ? (value as object[])
          .map((end) => JSON.stringify(end))
          .map(withReason)
          .sort()
      : value;
  });
  return JSON.parse(text);
}

/** What was cancelled after a failure was no figure of its own. */
const CURE = { cancelled: 0 };

const withReason = (end: string): string => end.replace('"reason":"the"', '"reason":"by_application"');

/** How some of it is said by now. */
const SENTENCES: readonly [recipient: string, sentence: string][] = [
  ['queued@inbox.test', 'It waits to be sent. Homing takes the next step at 2026-11-25 18:17:00 UTC.'],
  [
    'lost@inbox.test',
    'Attempt 1 is being handed over by Homing. Without a result by 2026-11-25 18:18:00 UTC it counts as unanswered.',
  ],
  [
    'waits@stubborn.test',
    'The provider has it as attempt 3, to be delivered at 2026-11-25 18:31:02 UTC, and acts next. If nothing is heard, Homing asks at 2026-11-26 02:31:02 UTC.',
  ],
  ['bela@inbox.test', "The recipient's server took it on attempt 2. Homing does nothing more."],
  ['cancelme@stubborn.test', 'It was cancelled: the user has reset it. Homing sends no more of it.'],
  ['carla@inbox.test', 'It failed and is rightly not tried again: there is no such mailbox. Homing does nothing more.'],
  [
    'bulk@stubborn.test',
    'It was given up after attempt 5: the receiving server blocks the sending IP address. An operator can have it tried again.',
  ],
  [
    'dora@stubborn.test',
    'The secondary provider 127.0.0.1:32979 took it; it tells nothing more. Homing does nothing more.',
  ],
];

/** What of it means the same in every version: how it is said is for each version, and some is told in more detail than before. */
const essence = ({ deliveries }: Message) =>
  deliveries.map((d) => ({
    ...{ recipient: d.recipient, state: d.state, reason: d.reason, attempt: d.attempt, provider: d.provider },
    nextAttemptAt: d.nextAttemptAt,
    attempts: d.attempts.map((a) => [a.number, a.at, a.deliverAt, a.outcome, a.possibleDouble, a.answer?.kind]),
    facts: d.facts.map((f) => [f.at, f.kind]),
  }));

/** It counted what was cancelled under the words that somebody had given, and as lost where it had failed before. */
const countedOtherwise = ({ what, value }: { what: string; value: string }): boolean =>
  (what === 'reason' && value.startsWith('cancelled ')) ||
  (what === 'cause' && / (?:lost|cancelled) /.test(value)) ||
  what === 'failing_lost';

eachDatabase('what version 0.1.0 knew is told the same after the migration', async (t, url) => {
  const store = openStore(url);
  await fill(store.db);
  await store.close();
  const homing = await startOn(t, url);
  assert.equal(VERSION.messages.length, 17);
  const explained = new Map<string, string>();
  for (const before of VERSION.messages) {
    const now = await told(homing, before.id);
    assert.deepEqual(essence(now), essence(before));
    for (const { recipient, explanation } of now.deliveries) {
      assert.match(explanation, /^[A-Z].*\.$/);
      assert.doesNotMatch(explanation, /undefined|null|NaN|Invalid/);
      explained.set(recipient, explanation);
    }
  }
  for (const [recipient, sentence] of SENTENCES) assert.equal(explained.get(recipient), sentence);
  const { period } = VERSION.report;
  const summary = await summaryOf(homing.store, period, { now: VERSION.at, details: 'full' });
  const { outages: troubles, ...report } = VERSION.report;
  assert.deepEqual(comparable(summary), comparable({ ...report, troubles, drill: null, backups: null }));
  const { differences } = await rebuild(homing.store, { now: homing.clock, check: true, progress: () => {} });
  assert.deepEqual(
    differences.filter(({ entry }) => !countedOtherwise(entry)),
    [],
  );
});

eachDatabase('a migration that is killed again and again comes to its end, and to the same', async (t, url) => {
  const store = openStore(url);
  t.after(store.close);
  await fill(store.db);
  let kills = 0;
  for (let statement = 1; !(await migrates(url, statement)); statement += 6) kills++;
  assert.ok(kills > 5, `it was killed ${kills} times`);
  assert.deepEqual(await pendingMigrations(store.db), []);
  const homing = await startOn(t, url);
  for (const before of VERSION.messages) assert.deepEqual(essence(await told(homing, before.id)), essence(before));
});

eachDatabase('what was under way in version 0.1.0 goes on', async (t, url) => {
  const store = openStore(url);
  await fill(store.db);
  await store.close();
  const homing = await startOn(t, url);
  const of = async (recipient: string) => {
    const message = VERSION.messages.find((m) => m.deliveries.some((d) => d.recipient === recipient));
    return (await told(homing, message?.id ?? '')).deliveries[0];
  };
  await homing.play(homing.clock() + HOUR);
  assert.equal((await of('queued@inbox.test'))?.state, 'delivered', 'its sealed body was sent');
  assert.equal((await of('lost@inbox.test'))?.state, 'delivered', 'its events were read');
  assert.equal((await of('dora@stubborn.test'))?.state, 'relayed');
});

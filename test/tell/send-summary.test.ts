import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { startSink } from '../../src/lab/sim/sink.ts';
import { createRelay } from '../../src/providers/smtp/relay.ts';
import type { Store } from '../../src/store/db/open.ts';
import { setCursor } from '../../src/store/notes/cursors.ts';
import type { LetterChannel } from '../../src/tell/channels/channel.ts';
import { letterChannel } from '../../src/tell/channels/mail.ts';
import { type SummaryDeps, sendSummaries, tellSummaries, writeDue } from '../../src/tell/send-summary.ts';
import { clockAt } from '../support/clock.ts';
import { failed, seed, sent } from '../support/factory.ts';
import { slowly } from '../support/slowly.ts';
import { eachStore, type TestStore } from '../support/stores.ts';

/** Half past six of a Zurich morning; the report is due at seven. */
const EARLY = Date.UTC(2026, 10, 22, 5, 30);
const log = { debug() {}, info() {}, warn() {}, error() {} };

async function setup(t: TestContext, store: Store, over: Partial<SummaryDeps> = {}) {
  const clock = clockAt(EARLY);
  const sink = await startSink({ clock });
  const relay = createRelay(sink.url, { timeout: SECOND * 5, dataTimeout: SECOND * 5 });
  t.after(async () => {
    await relay.close();
    await sink.close();
  });
  const deps: SummaryDeps = {
    store,
    channels: [letterChannel(relay, 'Homing <homing@team.example>')],
    admins: ['admin@team.example', 'second@team.example'],
    cron: '0 7 * * *',
    timezone: 'Europe/Zurich',
    details: 'summary',
    lease: MINUTE,
    pause: 30 * SECOND,
    now: clock,
    log,
    ...over,
  };
  return { clock, sink, relay, deps, to: (name: string) => sink.mails.filter((m) => m.to.includes(name)) };
}

const yesterday = async (store: Store) => {
  const at = EARLY - 12 * HOUR;
  await seed(
    store,
    { createdAt: at, facts: [...sent(at), failed(at + MINUTE, 'stop')], subject: 'Your secret receipt' },
    at,
  );
};

const settle = async (deps: SummaryDeps) => {
  while ((await tellSummaries(deps)) > 0);
};

eachStore(
  'the report of yesterday goes out once, to each administrator, and not before its time',
  async (g: TestStore) => {
    const { clock, sink, deps, to } = await setup(g.t, g.store);
    await yesterday(g.store);
    // The daemon was up when it was due the day before.
    await setCursor(g.store, 'summaries_written', '', EARLY - HOUR);
    await settle(deps);
    assert.equal(sink.mails.length, 0);
    clock.advance(30 * MINUTE);
    await settle(deps);
    clock.advance(HOUR);
    await settle(deps);
    assert.deepEqual([to('admin@team.example').length, to('second@team.example').length], [1, 1]);
    const raw = to('admin@team.example')[0]?.raw ?? '';
    assert.match(raw, /Subject: \[Homing\] 1 of 1 did not arrive: Saturday, 21 November/);
    assert.match(raw, /multipart\/alternative/);
    assert.match(raw, /Content-Id: <days-light@homing\.report>/i);
    assert.doesNotMatch(raw, /ann@example|secret receipt/i);
  },
);

eachStore('two daemons at once, and one that dies before or after it wrote, send one report', async (g) => {
  const { clock, deps, to } = await setup(g.t, g.store);
  await yesterday(g.store);
  clock.set(EARLY + HOUR);
  const other = { ...deps, store: g.open() };
  await Promise.all([writeDue(deps), writeDue(other)]);
  // The cursor is lost with the process that was to set it.
  await setCursor(g.store, 'summaries_written', '', EARLY - HOUR);
  await Promise.all([writeDue(deps), writeDue(other)]);
  await Promise.all([sendSummaries(deps), sendSummaries(other)]);
  await settle(deps);
  assert.equal(to('admin@team.example').length, 1);
  // One that died between the two recipients: who has it does not get it again.
  const rows: { told: string }[] = await g.store.db('summaries').select('told');
  const told = JSON.parse(rows[0]?.told ?? '[]') as string[];
  await g.store.db('summaries').update({ pending: 1, due_at: clock(), told: JSON.stringify(told.slice(0, 1)) });
  await settle(deps);
  assert.deepEqual([to('admin@team.example').length, to('second@team.example').length], [1, 2]);
});

eachStore('a report that takes longer to send than its lease is sent by one daemon, once', async (g) => {
  const lease = 60;
  const { clock, deps, to } = await setup(g.t, g.store, { lease });
  await yesterday(g.store);
  clock.set(EARLY + HOUR);
  await writeDue(deps);
  const other = { ...deps, store: g.open() };
  let others: number | null = null;
  const [channel] = deps.channels;
  assert.ok(channel);
  const slow: LetterChannel = {
    name: channel.name,
    async post(letter) {
      await slowly(g.store, 'summaries', clock, lease);
      others = await sendSummaries(other);
      await channel.post(letter);
    },
  };
  assert.deepEqual([await sendSummaries({ ...deps, channels: [slow] }), others], [1, 0]);
  clock.advance(HOUR);
  await settle(other);
  assert.deepEqual([to('admin@team.example').length, to('second@team.example').length], [1, 1]);
});

eachStore('who has lost a summary to another stops sending it', async (g) => {
  const { clock, deps, to } = await setup(g.t, g.store);
  await yesterday(g.store);
  clock.set(EARLY + HOUR);
  await writeDue(deps);
  const [channel] = deps.channels;
  assert.ok(channel);
  const paused: LetterChannel = {
    name: channel.name,
    async post(letter) {
      // As after a pause of this process: the lease has ended, and another has it.
      await g.store.db('summaries').update({ lease: 'of another', due_at: clock() + MINUTE });
      await channel.post(letter);
    },
  };
  assert.equal(await sendSummaries({ ...deps, channels: [paused] }), 0);
  assert.deepEqual([to('admin@team.example').length, to('second@team.example').length], [1, 0]);
  const row = await g.store.db('summaries').first();
  assert.deepEqual([row.lease, row.pending, row.tries], ['of another', 1, 0]);
});

eachStore('reports that fell due while the daemon was off are sent when it is back, one for each day', async (g) => {
  const { clock, deps, sink } = await setup(g.t, g.store, { admins: ['admin@team.example'] });
  await yesterday(g.store);
  await setCursor(g.store, 'summaries_written', '', EARLY - HOUR);
  clock.set(EARLY + 3 * DAY);
  await settle(deps);
  const days = sink.mails.map((m) => /Subject: .*?(\d+) November/.exec(m.raw)?.[1]);
  assert.deepEqual(days, ['21', '22', '23']);
  assert.equal(sink.mails.length, 3);
});

eachStore('a new installation sends nothing about the time before it, and reports its first empty day', async (g) => {
  const { clock, deps, sink } = await setup(g.t, g.store, { admins: ['admin@team.example'] });
  await settle(deps);
  assert.equal(sink.mails.length, 0);
  clock.advance(DAY);
  await settle(deps);
  assert.equal(sink.mails.length, 1);
  assert.match(sink.mails[0]?.raw ?? '', /no mail: Saturday, 21 November/);
});

eachStore('a route that an alert warned about is not used, and the report waits for one that is up', async (g) => {
  const { clock, deps, sink, relay } = await setup(g.t, g.store, { admins: ['admin@team.example'] });
  await yesterday(g.store);
  clock.set(EARLY + HOUR);
  const alert = { id: 'a', incident: 'x', count: 1, subject: '', body: '', pending: 0, due_at: 0, tries: 0 };
  const avoid = JSON.stringify([relay.name]);
  await g.store.db('alerts').insert({ ...alert, avoid, created_at: clock() - MINUTE, sent_at: null, error: null });
  await settle(deps);
  assert.equal(sink.mails.length, 0);
  for (let waited: Ms = 0; waited < 2 * HOUR; waited += 10 * MINUTE) {
    clock.advance(10 * MINUTE);
    await settle(deps);
  }
  assert.equal(sink.mails.length, 1);
});

eachStore('figures of the past that can not be counted hold up neither sums nor reports', async (g) => {
  const { clock, deps, to } = await setup(g.t, g.store, { admins: ['admin@team.example'] });
  await yesterday(g.store);
  await g.store.db('facts').update({ body: 'torn' });
  const errors: unknown[] = [];
  const noisy = { ...deps, log: { ...log, error: (...what: unknown[]) => errors.push(what) } };
  clock.set(EARLY + HOUR);
  await settle(noisy);
  assert.deepEqual([await g.store.db('rollup_pending'), to('admin@team.example').length, errors.length], [[], 1, 1]);
  clock.advance(10 * MINUTE);
  await settle(noisy);
  assert.equal(errors.length, 2, 'and it is tried again');
});

eachStore('a report is not written while another daemon counts the deliveries of the past', async (g) => {
  const { clock, deps, to } = await setup(g.t, g.store, { admins: ['admin@team.example'] });
  await yesterday(g.store);
  clock.set(EARLY + HOUR);
  await g.store.db('cursors').insert({ name: 'rollups_rebuild', value: 'of another', at: clock() + MINUTE });
  await settle(deps);
  assert.equal(to('admin@team.example').length, 0);
  clock.advance(MINUTE);
  await settle(deps);
  assert.equal(to('admin@team.example').length, 1);
});

eachStore('with full details the report names who did not get what', async (g) => {
  const { clock, deps, sink } = await setup(g.t, g.store, { admins: ['admin@team.example'], details: 'full' });
  await yesterday(g.store);
  clock.set(EARLY + HOUR);
  await settle(deps);
  assert.match(sink.mails[0]?.raw ?? '', /ann@example\.net[\s\S]*Your secret receipt/);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type ApiMessage,
  detail,
  list,
  open,
  type Recorded,
  sendAll,
  settled,
  until,
} from '../../src/lab/campaign/application.ts';
import type { DaemonProcess } from '../../src/lab/campaign/daemon.ts';
import { copiesOf } from '../../src/lab/campaign/verdict.ts';
import { createWorld, type World, type WorldOptions } from '../../src/lab/campaign/world.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { openStore } from '../../src/store/db/open.ts';

const isRepost = (r: SimRequest): boolean => r.method === 'POST' && r.path.includes('/messages/');

/** Mails that are all blocked once, at a Mailgun that takes its time to answer a re-post. */
async function slowWorld(t: TestContext, latency: number, options: WorldOptions = {}): Promise<World> {
  const env = { RETRY_SCHEDULE: 'local', RETRY_UNIT: '100ms', ...options.env };
  const world = await createWorld({ ...options, env, sim: { otherwise: () => 'deliver' } });
  t.after(world.close);
  world.sim.misbehave(isRepost, { latency });
  return world;
}

function blockedOnce(world: World, count: number) {
  const mails = Array.from({ length: count }, (_, n) => ({ recipient: `blocked-once.${n}@there.example` }));
  for (const { recipient } of mails) world.sim.fate(recipient, [BLOCKED_IP, 'deliver']);
  return mails;
}

const inFlight = (world: World): number => world.sim.requests.filter((r) => isRepost(r) && r.status === null).length;

async function details(world: World, recorded: readonly Recorded[]): Promise<ApiMessage[]> {
  const messages: ApiMessage[] = [];
  for (const { id } of recorded) messages.push(await detail(world.front.url, id));
  return messages;
}

/** When the last of the waiting deliveries is due. */
async function lastDue(world: World): Promise<number> {
  const deliveries = (await list(world.front.url)).flatMap((m) => m.deliveries);
  return Math.max(...deliveries.map((d) => (d.nextAttemptAt ? Date.parse(d.nextAttemptAt) : 0)));
}

/** Hand-overs of ours that ended without an answer; the application's own may have had to wait for a daemon. */
const unansweredIn = (messages: readonly ApiMessage[]) =>
  messages.flatMap((m) =>
    m.deliveries.flatMap((d) => d.facts.filter((f) => f.kind === 'unanswered' && (f.attempt ?? 0) > 1)),
  );

test('SIGTERM in the middle of hand-overs ends with 0 and leaves none of them unanswered', async (t) => {
  // On a busy machine an answer takes longer than the time that a short lease leaves for it.
  const world = await slowWorld(t, 700, { env: { LEASE: '30s' } });
  let daemon = await world.start();
  const sending = sendAll(world, blockedOnce(world, 60));
  for (let round = 0; round < 3; round++) {
    await until('hand-overs in flight', () => inFlight(world) >= 3);
    const asked = Date.now();
    daemon.signal('SIGTERM');
    assert.deepEqual(await daemon.ended, { code: 0, signal: null });
    assert.ok(Date.now() - asked < 25_000, `it took ${Date.now() - asked} ms`);
    assert.ok(daemon.lines.some((l) => l.includes('"stopped"')));
    daemon = await world.start();
  }
  const recorded = await sending;
  await settled(world.front.url);
  const messages = await details(world, recorded);
  assert.deepEqual(unansweredIn(messages), []);
  for (const { recipient } of recorded) assert.equal(copiesOf(world, recipient), 1, recipient);
  for (const { deliveries } of messages) assert.equal(deliveries[0]?.state, 'delivered');
});

test('a process told to stop answers webhooks to the end of what came in, and then none', async (t) => {
  const world = await slowWorld(t, 0);
  const daemon = await world.start();
  const sending = sendAll(world, [{ recipient: 'one@there.example' }]);
  await sending;
  await until('the delivery', () => world.sim.copies('one@there.example') === 1);
  daemon.signal('SIGTERM');
  assert.equal((await daemon.ended).code, 0);
  await assert.rejects(fetch(`http://127.0.0.1:${await daemon.up}/healthz`));
});

/** Stops a daemon, and not in the middle of a change: while it had SQLite's write lock everybody else would stand still. */
async function putToSleep({ database }: World, daemon: DaemonProcess): Promise<void> {
  const store = openStore(database);
  const isFree = () =>
    store.db
      .transaction(async () => {})
      .then(
        () => true,
        () => false,
      );
  daemon.signal('SIGSTOP');
  while (!(await isFree())) {
    daemon.signal('SIGCONT');
    await new Promise(setImmediate);
    daemon.signal('SIGSTOP');
  }
  await store.close();
}

test('a daemon that sleeps past its lease between claim and send makes no double when it wakes', async (t) => {
  // Far enough away for all failures to be known before the first re-post.
  const world = await slowWorld(t, 900, { env: { RETRY_UNIT: '10s' } });
  const first = await world.start();
  const recorded = await sendAll(world, blockedOnce(world, 100));
  await until('all failures to be known', async () => !(await open(world.front.url))['accepted']);
  const dueBy = await lastDue(world);
  first.signal('SIGTERM');
  await first.ended;
  await until('all to be due', () => Date.now() > dueBy);
  const sleeper = await world.start();
  await until('a wave in flight', () => inFlight(world) >= 12);
  await putToSleep(world, sleeper);
  world.front.remove(await sleeper.up);
  assert.ok(world.sim.handovers.length < 100 + 100, 'it slept too late: all was sent');
  const second = await world.start();
  await settled(world.front.url);
  second.signal('SIGTERM');
  assert.equal((await second.ended).code, 0);
  const made = world.sim.handovers.length;
  const asked = world.sim.requests.length;
  sleeper.signal('SIGCONT');
  // It reads the provider's records each second: when it has, what it slept over has had its turn.
  await until('the sleeper to be at work', () => world.sim.requests.length > asked);
  sleeper.signal('SIGTERM');
  assert.equal((await sleeper.ended).code, 0);
  await world.start();
  assert.equal(world.sim.handovers.length, made, 'the sleeper sent something after it woke');
  for (const { recipient } of recorded) assert.equal(copiesOf(world, recipient), 1, recipient);
  for (const { deliveries } of await details(world, recorded)) assert.equal(deliveries[0]?.state, 'delivered');
});

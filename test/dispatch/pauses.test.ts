import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { heedMaintenance, pause, pausedAmong } from '../../src/store/notes/pauses.ts';
import { MORNING } from '../support/clock.ts';
import { type Homing, queueMail, startByHand } from '../support/homing.ts';
import { eachStore, freshDatabase } from '../support/stores.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };
const isSend = ({ method, path }: SimRequest): boolean => method === 'POST' && path.endsWith('/messages');
const sends = ({ sim }: Homing): number => sim.requests.filter(isSend).length;

async function queueMany(homing: Homing, count: number, kind: string): Promise<void> {
  for (let n = 0; n < count; n++) await queueMail(homing, `p${n}@example.org`, { 'v:homing-class': kind });
}

test('after a 429 all mail leaves the provider alone for as long as it asked for', async (t) => {
  const database = await freshDatabase(t, 'sqlite');
  const homing = await startByHand(t, { env, database });
  const other = await startByHand(t, { env, database });
  const { sim, clock, play } = homing;
  const stop = sim.misbehave(isSend, { status: 429, body: '{"message":"Too many"}', headers: { 'retry-after': '45' } });
  await queueMany(homing, 100, 'notice');
  await play(clock() + 40 * SECOND);
  assert.ok(sends(homing) <= 64, `${sends(homing)} calls: those that were under way, and none of the others`);
  await queueMail(homing, 'later@example.org');
  await play(clock() + 2 * SECOND);
  assert.ok(sends(homing) <= 64);
  await queueMail(homing, 'third@example.org');
  other.clock.set(clock());
  await other.dispatch();
  assert.equal(sends(other), 0, 'another daemon knows of it');
  stop();
  await play(clock() + 5 * MINUTE);
  assert.equal(sim.copies('later@example.org'), 1);
  for (let n = 0; n < 100; n++) assert.equal(sim.copies(`p${n}@example.org`), 1);
});

test('meanwhile access mail leaves through another provider, when its class does so', async (t) => {
  const homing = await startByHand(t, { env });
  const { sim, sink, clock, play } = homing;
  sim.misbehave(isSend, { status: 429, headers: { 'retry-after': '600' } });
  await queueMany(homing, 3, 'access');
  await play(clock() + 2 * MINUTE);
  assert.equal(sink.mails.filter(({ to }) => to.some((one) => /^p\d@/.test(one))).length, 3);
});

test('an account that may not send is not asked by each mail, and one try is made after a pause', async (t) => {
  const homing = await startByHand(t, { env: { ...env, RETRY_PAUSE: '30s' } });
  const { sim, clock, play } = homing;
  const stop = sim.misbehave(isSend, { status: 401, body: 'Forbidden' });
  await queueMany(homing, 60, 'notice');
  await play(clock() + 20 * SECOND);
  assert.ok(sends(homing) <= 64, `${sends(homing)} calls`);
  stop();
  await play(clock() + 10 * MINUTE);
  for (let n = 0; n < 60; n++) assert.equal(sim.copies(`p${n}@example.org`), 1);
});

eachStore('a pause is never made shorter by one that ends before it', async ({ store }) => {
  const one = { provider: 'mailgun', domain: null };
  const until = async () => (await pausedAmong(store, { providers: ['mailgun'], domains: [] }, MORNING))[0]?.until;
  await pause(store, one, MORNING + MINUTE);
  await pause(store, one, MORNING + 5 * MINUTE);
  await pause(store, one, MORNING + 2 * MINUTE);
  assert.equal(await until(), MORNING + 5 * MINUTE);
  await heedMaintenance(store, 'mailgun', { at: MORNING, isOn: false }, MORNING);
  assert.equal(await until(), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { release } from '../../src/operate/release.ts';
import { activeHolds, addHold } from '../../src/store/notes/holds.ts';
import { type Homing, queueMail, startByHand } from '../support/homing.ts';
import { freshDatabase } from '../support/stores.ts';

const ENCRYPTION_KEY = 'ab'.repeat(32);
const isSend = ({ method, path }: SimRequest): boolean => method === 'POST' && path.endsWith('/messages');
const HOLD = { provider: null, class: null, until: null, reason: null, who: 'test' };

const sentTo = (daemons: readonly Homing[], name: string): number =>
  daemons.flatMap(({ sim }) => sim.requests).filter((r) => isSend(r) && String(r.fields['to']).startsWith(name)).length;

async function queueMany(homing: Homing, count: number, kind: string): Promise<void> {
  for (let n = 0; n < count; n++) await queueMail(homing, `${kind}${n}@example.org`, { 'v:homing-class': kind });
}

/** What these daemons hand over in each of so many seconds, to recipients of that name. */
async function seconds(daemons: readonly Homing[], count: number, name: string): Promise<number[]> {
  const each: number[] = [];
  for (let n = 0; n < count; n++) {
    const before = sentTo(daemons, name);
    for (let done = 1; done > 0; ) {
      done = 0;
      for (const one of daemons) done += await one.dispatch();
    }
    each.push(sentTo(daemons, name) - before);
    for (const one of daemons) one.clock.advance(SECOND);
  }
  return each;
}

/** Holds all mail, lets it wait for so long, and releases it. */
async function afterHold(homing: Homing, wait: number, queue: () => Promise<void>): Promise<void> {
  await addHold(homing.store, HOLD, homing.clock());
  await queue();
  await homing.settle();
  homing.clock.advance(wait);
  const [hold] = await activeHolds(homing.store, homing.clock());
  await release(homing.store, hold?.id ?? '', 'test', homing.clock());
}

for (const kind of ['sqlite', 'mysql'] as const)
  test(`what was held leaves evenly by all daemons together, access mail and new mail at once, on ${kind}`, async (t) => {
    const database = await freshDatabase(t, kind);
    const env = { ENCRYPTION_KEY, DRAIN_RATE: '5' };
    const one = await startByHand(t, { env, database });
    const two = await startByHand(t, { env, database });
    await afterHold(one, 10 * MINUTE, async () => {
      await queueMany(one, 30, 'bulk');
      await queueMany(one, 5, 'access');
    });
    two.clock.set(one.clock());
    await queueMail(one, 'new@example.org', { 'v:homing-class': 'notice' });
    const daemons = [one, two];
    const each = await seconds(daemons, 8, 'bulk');
    assert.deepEqual(each, [1, 5, 5, 5, 5, 5, 4, 0]);
    const early = daemons.flatMap(({ sim }) => sim.requests.filter(isSend)).slice(0, 12);
    const first = early.map((r) => String(r.fields['to']));
    for (const name of ['access4@example.org', 'new@example.org']) assert.ok(first.includes(name), first.join());
  });

test('what waited for a moment only, and all of it where that is wished, leaves as fast as it can', async (t) => {
  const quick = await startByHand(t, { env: { ENCRYPTION_KEY, DRAIN_RATE: '1' } });
  await afterHold(quick, 20 * SECOND, () => queueMany(quick, 20, 'bulk'));
  assert.deepEqual(await seconds([quick], 2, 'bulk'), [20, 0]);
  const off = await startByHand(t, { env: { ENCRYPTION_KEY, DRAIN_RATE: 'off' } });
  await afterHold(off, HOUR, () => queueMany(off, 20, 'bulk'));
  assert.deepEqual(await seconds([off], 2, 'bulk'), [20, 0]);
});

test('a mail to several leaves in one call when its turn comes', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY, DRAIN_RATE: '1' } });
  const to = Array.from({ length: 4 }, (_, n) => `list${n}@example.org`).join();
  await afterHold(homing, HOUR, async () => {
    await queueMail(homing, 'first@example.org', { 'v:homing-class': 'bulk' });
    await queueMail(homing, to, { 'v:homing-class': 'bulk' });
    await queueMail(homing, 'last@example.org', { 'v:homing-class': 'bulk' });
  });
  await seconds([homing], 7, 'list');
  const sends = homing.sim.requests.filter(isSend).map((r) => String(r.fields['to']));
  assert.deepEqual(sends, ['first@example.org', to, 'last@example.org']);
});

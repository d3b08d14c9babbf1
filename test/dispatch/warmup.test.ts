import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, SECOND } from '../../src/core/time.ts';
import { keepWarmupRate } from '../../src/store/notes/warmup.ts';
import { type Homing, queueMail, startByHand } from '../support/homing.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };
const RATE = { provider: 'mailgun', class: 'bulk', perSecond: 1 } as const;

async function queueMany(homing: Homing, count: number): Promise<void> {
  for (const kind of ['bulk', 'notice', 'access'])
    for (let n = 0; n < count; n++) await queueMail(homing, `${kind}${n}@example.org`, { 'v:homing-class': kind });
}

const sentTo = ({ sim }: Homing, kind: string): number =>
  sim.requests.filter(({ path, fields }) => path.endsWith('/messages') && String(fields['to']).startsWith(kind)).length;

async function seconds(homing: Homing, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    while ((await homing.dispatch()) > 0);
    homing.clock.advance(SECOND);
  }
}

test('while an address warms up bulk leaves at its pace, and other mail at once', async (t) => {
  const homing = await startByHand(t, { env });
  await keepWarmupRate(homing.store, RATE, homing.clock());
  await queueMany(homing, 12);
  await seconds(homing, 1);
  assert.deepEqual([sentTo(homing, 'access'), sentTo(homing, 'notice'), sentTo(homing, 'bulk')], [12, 12, 2]);
  await seconds(homing, 5);
  assert.equal(sentTo(homing, 'bulk'), 7);
  await keepWarmupRate(homing.store, null, homing.clock());
  homing.clock.advance(HOUR);
  await seconds(homing, 1);
  assert.equal(sentTo(homing, 'bulk'), 12, 'all of it when the warm-up is over');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/base/log.ts';
import { readConfig } from '../../src/config/config.ts';
import { SECOND } from '../../src/core/time.ts';
import { insideOf } from '../../src/daemon/inside.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { openStore } from '../../src/store/db/open.ts';
import { type Homing, queueMail, startByHand } from '../support/homing.ts';
import { freshDatabase } from '../support/stores.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };
const isSend = ({ method, path }: SimRequest): boolean => method === 'POST' && path.endsWith('/messages');
const sends = ({ sim }: Homing): number => sim.requests.filter(isSend).length;

const copiesAt =
  ({ sim }: Homing) =>
  (kind: string): number =>
    sim.requests.filter((r) => isSend(r) && String(r.fields['to']).startsWith(kind)).length;

async function queueMany(homing: Homing, count: number, kind: string): Promise<void> {
  for (let n = 0; n < count; n++) await queueMail(homing, `${kind}${n}@example.org`, { 'v:homing-class': kind });
}

/** All that these daemons hand over in this second. */
async function second(...daemons: Homing[]): Promise<number> {
  const before = daemons.reduce((sum, one) => sum + sends(one), 0);
  for (let done = 1; done > 0; ) {
    done = 0;
    for (const one of daemons) done += await one.dispatch();
  }
  for (const one of daemons) one.clock.advance(SECOND);
  return daemons.reduce((sum, one) => sum + sends(one), 0) - before;
}

test('several daemons together hand over no more than the rate, and nothing waits longer than it has to', async (t) => {
  const database = await freshDatabase(t, 'sqlite');
  const rates = { ...env, SEND_RATES: 'mailgun=10/s' };
  const one = await startByHand(t, { env: rates, database });
  const two = await startByHand(t, { env: rates, database });
  await queueMany(one, 60, 'notice');
  const each: number[] = [];
  for (let n = 0; n < 6; n++) each.push(await second(one, two));
  assert.deepEqual(each, [20, 10, 10, 10, 10, 0], 'two seconds of it at once after a rest');
});

test('a class has a rate of its own, and access mail waits for none that is for all mail', async (t) => {
  const homing = await startByHand(t, { env: { ...env, SEND_RATES: 'mailgun=5/s, mailgun/bulk=1/s' } });
  await queueMany(homing, 20, 'bulk');
  await queueMany(homing, 20, 'notice');
  await queueMany(homing, 30, 'access');
  const copies = copiesAt(homing);
  await second(homing);
  assert.equal(copies('access'), 30, 'all of it, beyond the rate');
  const others = copies('notice') + copies('bulk');
  assert.ok(others <= 11, `${others} of the others`);
  for (let n = 0; n < 4; n++) await second(homing);
  const since = copies('notice') + copies('bulk') - others;
  assert.ok(since <= 3, `they wait for what access mail took, but for a tenth of the rate: ${since} in four seconds`);
  for (let n = 0; n < 9; n++) await second(homing);
  assert.equal(copies('notice'), 20);
  assert.ok(copies('bulk') >= 8 && copies('bulk') <= 16, `${copies('bulk')} of bulk in 14 seconds`);
});

test('access mail without end, and more of it than the rate, leaves a tenth of the rate to the others', async (t) => {
  const homing = await startByHand(t, { env: { ...env, SEND_RATES: 'mailgun=10/s' } });
  await queueMany(homing, 60, 'notice');
  const copies = copiesAt(homing);
  const each: number[] = [];
  for (let n = 0; n < 12; n++) {
    await queueMany(homing, 12, 'access');
    await second(homing);
    each.push(copies('notice'));
  }
  assert.equal(copies('access'), 144);
  const [early = 0, late = 0] = [each[1], each[11]];
  assert.ok(late - early >= 9 && late - early <= 11, `of notices had left, second by second: ${each}`);
});

test('a rate of a provider that is none stops the start', async (t) => {
  const needed = {
    MAILGUN_API_KEY: 'key-3f1c',
    MAILGUN_DOMAIN: 'mg.example.com',
    MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-77aa',
  };
  const config = readConfig({ ...needed, SEND_RATES: 'mailgn=5/s' }, 'daemon');
  const store = openStore('sqlite::memory:');
  t.after(store.close);
  const given = { store, config, now: Date.now, monotonic: Date.now, signal: new AbortController().signal };
  assert.throws(() => insideOf({ ...given, log: createLog('silent', 'json'), wake: () => {} }), {
    message: /SEND_RATES names a provider that is none of mailgun/,
  });
});

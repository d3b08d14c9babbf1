// The storage host that an event names is in trouble, and stays so, while the API base has the same copy.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HOUR } from '../../src/core/time.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import type { Misbehaviour } from '../../src/lab/sim/misbehave.ts';
import { type Homing, only, startByHand } from '../support/homing.ts';

const TROUBLES: Record<string, Misbehaviour> = {
  'a 500': { status: 500, body: 'Internal Server Error' },
  'the 502 of a proxy': { status: 502, body: '<html>Bad Gateway' },
  'the 520 of an edge': { status: 520, body: '<html>' },
  'the 524 of an edge': { status: 524, body: '<html>' },
  'the 527 of an edge': { status: 527, body: '<html>' },
  'the 421 of an edge': { status: 421, body: 'Misdirected Request' },
  'a redirect that may follow a success': { status: 302, headers: { location: '/' } },
  'a page with 200': { status: 200, body: '<!doctype html><p>Back soon' },
  'an empty 200': { status: 200, body: '' },
  'the 403 of a firewall': { status: 403, body: '<html>Blocked' },
  'the 401 of another region': { status: 401, body: 'Forbidden' },
  'a 429': { status: 429, body: '' },
  'a broken connection': 'dropBeforeWork',
  'no answer at all': 'hang',
};

async function start(t: TestContext, how: Misbehaviour): Promise<Homing> {
  // How long a call may take follows from the lease, and is real time.
  const homing = await startByHand(t, { env: { LEASE: '1s', EVENTS_SETTLE: '1m' }, sim: { storagePort: 'own' } });
  homing.sim.misbehave((request) => isAtStorage(homing, request), how);
  return homing;
}

const isAtStorage = ({ sim }: Homing, { headers }: { headers: { host?: string | undefined } }): boolean =>
  headers.host === new URL(sim.storageOrigin).host;

for (const [name, how] of Object.entries(TROUBLES)) {
  test(`a mail arrives through the API base when the storage host gives ${name}, and once`, async (t) => {
    const homing = await start(t, how);
    homing.sim.fate('ann@stubborn.test', [BLOCKED_IP, 'deliver']);
    const id = await homing.send('ann@stubborn.test');
    await homing.play(homing.clock() + 12 * HOUR);
    const { delivery } = await only(homing, id);
    assert.equal(delivery.state, 'delivered');
    assert.equal(homing.sim.copies('ann@stubborn.test'), 1);
    assert.ok(delivery.attempt <= 3, `it took ${delivery.attempt} attempts`);
    const there = homing.sim.requests.filter((request) => isAtStorage(homing, request));
    assert.equal(there.length, 1, 'the next attempt begins elsewhere');
    assert.equal(homing.alerts().length, 0, 'and there is nothing to tell an administrator');
  });
}

test('the secondary gets the stored copy from the API base when the storage host says nothing', async (t) => {
  const homing = await start(t, 'hang');
  homing.sim.fate('ann@stubborn.test', BLOCKED_IP);
  const id = await homing.send('ann@stubborn.test', { class: 'access' });
  await homing.play(homing.clock() + HOUR);
  const { delivery } = await only(homing, id);
  assert.equal(delivery.state, 'relayed');
  assert.equal(homing.sink.mails.filter((mail) => mail.to.includes('ann@stubborn.test')).length, 1);
});

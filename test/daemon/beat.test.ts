import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { MINUTE } from '../../src/core/time.ts';
import { createBeat } from '../../src/daemon/beat.ts';
import { createPeerWatch } from '../../src/tell/peers.ts';
import { start } from '../http/support.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';

const CONFIG = readConfig({}, 'database');

test('a daemon that lives while its reconciler stands still is found by the other one', async (t) => {
  const clock = clockAt();
  const beat = createBeat(CONFIG, { now: clock, startedAt: MORNING });
  const running = await start(t, { beat: beat.now });
  const other = await start(t);
  const look = createPeerWatch({ store: other.store, peers: [running.url], now: clock, log: logInto([]) });
  const raised = async () => (await other.store.db('alert_items')).map(({ kind, detail }) => `${kind} ${detail}`);
  const ask = async () => {
    const response = await fetch(`${running.url}/heartbeat`);
    return [response.status, await response.json()];
  };
  assert.deepEqual(await ask(), [200, { beating: true, lastRun: null, problem: null }]);
  for (let n = 0; n < 30; n++) {
    clock.advance(MINUTE);
    beat.reconciled(clock());
    await look();
  }
  assert.deepEqual(await ask(), [200, { beating: true, lastRun: '2026-11-25T09:30:00.000Z', problem: null }]);
  for (let n = 0; n < 15; n++) {
    clock.advance(MINUTE);
    await look();
  }
  const problem = 'no run of the reconciler has finished since 2026-11-25 09:30:00 UTC';
  assert.deepEqual(await ask(), [503, { beating: false, lastRun: '2026-11-25T09:30:00.000Z', problem }]);
  assert.equal((await fetch(`${running.url}/healthz`)).status, 200);
  assert.equal((await fetch(`${running.url}/readyz`)).status, 200);
  const host = new URL(running.url).host;
  assert.deepEqual(await raised(), [
    `peer_silent The daemon at ${host}: it answered 503: ${problem} (since 2026-11-25 09:41:00 UTC).`,
  ]);
});

test('a reconciler that runs every few hours is well in between, and one that never finished is not', () => {
  const clock = clockAt();
  const rare = createBeat({ ...CONFIG, RECONCILE_CRON: '0 */6 * * *' }, { now: clock, startedAt: MORNING });
  clock.advance(2 * 60 * MINUTE);
  assert.equal(rare.now().problem, null);
  const never = createBeat(CONFIG, { now: clock, startedAt: MORNING });
  assert.match(never.now().problem ?? '', /since 2026-11-25 09:00:00 UTC/);
});

test('a daemon that does not reconcile is as well as its answer', () => {
  const clock = clockAt();
  const beat = createBeat({ ...CONFIG, HOMING_ROLES: ['web'] }, { now: clock, startedAt: MORNING });
  clock.advance(24 * 60 * MINUTE);
  assert.equal(beat.now().problem, null);
});

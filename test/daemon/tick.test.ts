import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { tickWithHeartbeat } from '../../src/daemon/tick.ts';
import { startSimHealthchecks } from '../../src/lab/servers/healthchecks.ts';
import { takeTurn } from '../../src/store/notes/turns.ts';
import { startByHand } from '../support/homing.ts';

test("a daemon tells a dead man's service of no success while the one that reads comes to no end", async (t) => {
  const service = await startSimHealthchecks();
  t.after(service.close);
  const { clock, inside, store } = await startByHand(t, { env: { HEARTBEAT_URL: service.check } });
  const startedAt = clock();
  let runs = 0;
  const run = () => tickWithHeartbeat({ ...inside, startedAt }, () => void runs++);
  const ended = () => service.pings.map(({ signal }) => signal).filter((signal) => signal !== 'start');
  await run();
  const hanging = () => takeTurn(store, 'turn:reconcile', 'another', { now: clock(), until: clock() + 2 * MINUTE });
  clock.advance(2 * MINUTE);
  assert.ok(await hanging());
  for (let n = 0; n < 4; n++) {
    clock.advance(MINUTE);
    assert.ok(await hanging());
    await run();
  }
  assert.deepEqual(ended(), Array(5).fill('success'));
  clock.advance(MINUTE);
  for (let n = 0; n < 9; n++) {
    clock.advance(MINUTE);
    assert.ok(await hanging());
  }
  await assert.rejects(run(), /no daemon has finished a run since 2026-11-25 09:00:00 UTC/);
  assert.deepEqual([ended().at(-1), runs], ['fail', 6]);
  clock.advance(3 * MINUTE);
  await run();
  assert.equal(ended().at(-1), 'success');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { type Homing, startByHand } from '../support/homing.ts';
import { tell } from '../support/tell.ts';

const firstView = async (homing: Homing, id: string) => {
  const [view] = await homing.views(id);
  assert.ok(view);
  return view;
};

/** A mail that failed, whose retry is due now. */
async function failedOnce(homing: Homing, recipient: string): Promise<string> {
  const { clock } = homing;
  homing.sim.fate(recipient, [BLOCKED_IP, 'deliver']);
  const id = await homing.send(recipient);
  await homing.settle();
  clock.advance(2000);
  await homing.settle();
  clock.set((await firstView(homing, id)).delivery.nextAt ?? 0);
  return id;
}

test('an event about a delivery that nobody has read yet stops its hand-over', async (t) => {
  const homing = await startByHand(t, { env: { RETRY_SCHEDULE: 'local' } });
  const id = await failedOnce(homing, 'ann@there.example');
  await homing.dispatch();
  await homing.ask();
  await tell(homing, id, 'delivered');
  await homing.dispatch();
  const { delivery } = await firstView(homing, id);
  assert.deepEqual([delivery.state, delivery.attempt, delivery.arrivedOn], ['delivered', 1, [1]]);
});

test('an event about somebody else that nobody has read yet stops nothing', async (t) => {
  const homing = await startByHand(t, { env: { RETRY_SCHEDULE: 'local' } });
  const ann = await failedOnce(homing, 'ann@there.example');
  const bee = await homing.send('bee@there.example');
  await homing.dispatch();
  await homing.ask();
  await tell(homing, bee, 'delivered');
  await homing.dispatch();
  assert.equal((await firstView(homing, ann)).delivery.attempt, 2);
  const unread = await homing.store.db('inbox').where({ pending: 1 });
  assert.ok(unread.length > 0, 'it is still to be read');
});

test('what comes in while a delivery is asked about still counts', async (t) => {
  const homing = await startByHand(t, { env: { RETRY_SCHEDULE: 'local' } });
  const id = await failedOnce(homing, 'ann@there.example');
  await homing.dispatch();
  const asking = homing.ask();
  await tell(homing, id, 'delivered');
  await asking;
  await homing.dispatch();
  const { delivery } = await firstView(homing, id);
  assert.deepEqual([delivery.state, delivery.attempt], ['delivered', 1]);
});

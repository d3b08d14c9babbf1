import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { createDispatcher } from '../../src/dispatch/dispatch.ts';
import { only, queueMail, startByHand } from '../support/homing.ts';

const SKEW = 4 * MINUTE;
/** Nothing takes long. */
const monotonic = () => 0;

for (const [words, ours, theirs] of [
  ['its clock is ahead', SKEW, 0],
  ['the other clock is behind', 0, -SKEW],
] as const)
  test(`a daemon does not take the hand-over of another for dead because ${words}`, async (t) => {
    const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
    const truth = homing.clock;
    const daemon = (off: number) =>
      createDispatcher({ ...homing.inside, monotonic, now: () => truth() + off, slowBy: () => -off, onFree: () => {} });
    const [mine, other] = [daemon(ours), daemon(theirs)];
    truth.advance(SKEW);
    const id = await queueMail(homing, 'ann@inbox.test');
    truth.advance(SKEW);
    const end = homing.sim.misbehave(({ path }) => /messages/.test(path), { latency: 300 });
    await other.run();
    truth.advance(30 * SECOND);
    await mine.run();
    const flying = await only(homing, id);
    assert.equal(flying.delivery.state, 'sending');
    await other.idle();
    end();
    const { delivery, facts } = await only(homing, id);
    assert.equal(delivery.state, 'accepted');
    assert.ok(!facts.some((f) => f.kind === 'unanswered'));
  });

test('what is in flight is taken for dead when the lease is over by both clocks', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  homing.sim.misbehave(({ path }) => /messages/.test(path), 'hang');
  const truth = homing.clock;
  const id = await queueMail(homing, 'ann@inbox.test');
  await createDispatcher({ ...homing.inside, monotonic, onFree: () => {} }).run();
  const other = createDispatcher({
    ...homing.inside,
    now: () => truth() + SKEW,
    slowBy: () => -SKEW,
    onFree: () => {},
  });
  truth.advance(61 * SECOND);
  await other.run();
  await other.run();
  assert.equal((await only(homing, id)).delivery.state, 'unconfirmed');
});

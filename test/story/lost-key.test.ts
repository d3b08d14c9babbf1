import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seal } from '../../src/base/seal.ts';
import { DAY } from '../../src/core/time.ts';
import { only, queueMail, startByHand } from '../support/homing.ts';

const [OLD, NEW] = ['01'.repeat(32), '02'.repeat(32)];

for (const kind of ['access', 'notice'])
  test(`mail of class ${kind} whose key is not here waits, is never called sent, and is alerted at its end`, async (t) => {
    const homing = await startByHand(t, { secondary: true, env: { ENCRYPTION_KEY: NEW } });
    const id = await queueMail(homing, 'ann@example.org', { 'v:homing-class': kind });
    await homing.store.db('message_bodies').update({ body: await seal(Buffer.from('Hi'), OLD, id) });
    await homing.play(homing.clock() + 2 * DAY);
    const { delivery, facts } = await only(homing, id);
    assert.deepEqual([delivery.state, delivery.reason], ['expired', 'useful_life_over']);
    assert.ok(facts.length < 200, `${facts.length} facts`);
    assert.equal(homing.sim.handovers.length, 0);
    assert.equal(homing.alerts().length, homing.sink.mails.length, 'nothing else went out');
    assert.equal(homing.alerts().length, 1);
  });

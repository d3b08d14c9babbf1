import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR } from '../../src/core/time.ts';
import { BLOCKED_IP, BLOCKED_IP_LISTED } from '../../src/lab/sim/fates.ts';
import { only, startByHand } from '../support/homing.ts';

const isOfList = ({ path }: { path: string }): boolean => /\/bounces\//.test(path);
const ANSWERS = {
  'is not ours to see': { status: 403, body: '{"message":"Forbidden"}' },
  'is answered with nonsense': { status: 200, body: '{"hello":1}' },
  'is not there': { status: 405, body: '' },
} as const;

for (const [words, answer] of Object.entries(ANSWERS)) {
  test(`a bounce list that ${words} does not keep a mail from being sent again`, async (t) => {
    const homing = await startByHand(t);
    homing.sim.misbehave(isOfList, answer);
    homing.sim.fate('ann@inbox.test', [BLOCKED_IP, 'deliver']);
    const id = await homing.send('ann@inbox.test');
    await homing.play(homing.clock() + HOUR);
    const { delivery, facts } = await only(homing, id);
    assert.deepEqual([delivery.state, delivery.attempt], ['delivered', 2]);
    assert.ok(facts.some((f) => f.kind === 'noted' && /the bounce list could not be asked/.test(f.what)));
    assert.ok(homing.sim.requests.filter(isOfList).length <= 2);
  });

  test(`what is on a bounce list that ${words} goes elsewhere`, async (t) => {
    const homing = await startByHand(t);
    homing.sim.misbehave(isOfList, answer);
    homing.sim.fate('bob@inbox.test', BLOCKED_IP_LISTED);
    const id = await homing.send('bob@inbox.test');
    await homing.play(homing.clock() + DAY);
    const { delivery } = await only(homing, id);
    assert.equal(delivery.state, 'relayed');
    assert.ok(homing.sim.requests.filter(isOfList).length <= 6, `${homing.sim.requests.filter(isOfList).length}`);
    const told = await homing.store.db('alert_items').where({ kind: 'account_refused' });
    assert.equal(told.length, answer.status === 200 ? 0 : 1);
  });
}

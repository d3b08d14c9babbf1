import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { standingWords } from '../../src/core/words/standing.ts';
import { BLOCKED_IP, BLOCKED_IP_LISTED } from '../../src/lab/sim/fates.ts';
import type { Misbehaviour } from '../../src/lab/sim/misbehave.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { type Homing, only, startByHand } from '../support/homing.ts';

const isOfList = ({ path }: Pick<SimRequest, 'path'>): boolean => /\/bounces\//.test(path);
const reposts = ({ sim }: Homing): number => sim.handovers.filter((h) => h.kind === 'repost').length;
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

const TROUBLES = {
  'is down': [isOfList, { status: 503 }],
  hangs: [isOfList, 'hang'],
  'can be read and not changed': [(r: SimRequest) => isOfList(r) && r.method === 'DELETE', { status: 503 }],
} as const satisfies Record<string, [(request: SimRequest) => boolean, Misbehaviour]>;

for (const [words, [of, trouble]] of Object.entries(TROUBLES)) {
  // A call has less than half of the time of a lease.
  const env = { LEASE: '500ms', UNSUPPRESS_MAX_PER_DAY: '1' };

  test(`nothing goes out to the bounce list while it ${words}, and no attempt is lost`, async (t) => {
    const homing = await startByHand(t, { env });
    const mend = homing.sim.misbehave(of, trouble);
    homing.sim.fate('ann@inbox.test', [BLOCKED_IP_LISTED, 'deliver']);
    const id = await homing.send('ann@inbox.test');
    await homing.play(homing.clock() + 2 * HOUR);
    const waiting = await only(homing, id);
    assert.deepEqual([reposts(homing), waiting.delivery.state, waiting.delivery.attempt], [0, 'queued', 1]);
    assert.match(
      standingWords(waiting.delivery),
      /waits until the provider says that the address is off its bounce list/,
    );
    assert.ok(homing.sim.requests.filter(of).length < 30);
    mend();
    await homing.play(homing.clock() + HOUR);
    const { delivery } = await only(homing, id);
    assert.deepEqual([delivery.state, delivery.arrivedOn, reposts(homing)], ['delivered', [2], 1]);
  });
}

test('what waits for the bounce list goes elsewhere when its attempts would be over', async (t) => {
  const homing = await startByHand(t);
  homing.sim.misbehave(isOfList, { status: 503 });
  homing.sim.fate('bob@inbox.test', BLOCKED_IP_LISTED);
  const id = await homing.send('bob@inbox.test');
  await homing.play(homing.clock() + DAY);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.attempt, reposts(homing)], ['relayed', 2, 0]);
  const waited = (delivery.attempts[1]?.claim.at ?? 0) - (delivery.attempts[0]?.failure?.at ?? 0);
  assert.equal(Math.round(waited / MINUTE), 4 + 16 + 64 + 256);
  assert.equal(homing.alerts().length, 1);
});

test('where there is nowhere else it is given up, and an alert says so', async (t) => {
  const homing = await startByHand(t, { secondary: false });
  homing.sim.misbehave(isOfList, { status: 503 });
  homing.sim.fate('bob@inbox.test', BLOCKED_IP_LISTED);
  const id = await homing.send('bob@inbox.test');
  await homing.play(homing.clock() + DAY);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.reason, delivery.attempt], ['abandoned', 'bounce_list_unasked', 1]);
  assert.equal((await homing.store.db('alert_items').where({ kind: 'gave_up' })).length, 1);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { seal } from '../../src/base/seal.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { only, queueMail, startByHand } from '../support/homing.ts';

const KEY = 'ab'.repeat(32);
const ENV = { ENCRYPTION_KEY: KEY };

const flipped = (sealed: Buffer) => Buffer.concat([sealed.subarray(0, -1), Buffer.from([(sealed.at(-1) ?? 0) ^ 1])]);

const DAMAGES: [string, (sealed: Buffer, id: string) => Promise<Buffer>][] = [
  ['a bit of it changed', async (sealed) => flipped(sealed)],
  ['a part of it is missing', async (sealed) => sealed.subarray(0, sealed.length - 20)],
  ['it is that of another message', async () => seal(Buffer.from('x'), KEY, 'another')],
  ['it is half a form', async (_, id) => seal(Buffer.from('homing-form 1\n[{"name":'), KEY, id)],
  ['it unpacks to more than can be held', async (_, id) => seal(Buffer.alloc(65 * 1024 * 1024), KEY, id)],
];

for (const [what, damage] of DAMAGES)
  test(`a kept copy that is damaged is given up at once with an alert, and not tried for ever: ${what}`, async (t) => {
    const homing = await startByHand(t, { env: ENV });
    const id = await queueMail(homing, 'ann@example.org');
    const { body } = await homing.store.db('message_bodies').where({ message_id: id }).first('body');
    await homing.store.db('message_bodies').update({ body: await damage(body, id) });
    const other = await queueMail(homing, 'bee@example.org');
    await homing.play(homing.clock() + 30 * MINUTE);
    const { delivery } = await only(homing, id);
    assert.deepEqual([delivery.state, delivery.reason, delivery.attempt], ['abandoned', 'refused_unreadable', 1]);
    assert.equal(homing.alerts().length, 1);
    assert.match(homing.alerts()[0]?.text ?? '', /damaged/);
    assert.equal((await only(homing, other)).delivery.state, 'delivered');
    assert.equal(homing.sim.copies('ann@example.org'), 0);
  });

/** Its content is refused, so it is for the secondary; what is kept of it is changed meanwhile. */
async function fallenBack(t: TestContext, change: (sealed: Buffer) => Buffer) {
  const homing = await startByHand(t, { env: ENV });
  homing.sim.fate('ann@example.org', { fail: { code: 550, message: '5.7.1 This message was classified as spam' } });
  const id = await queueMail(homing, 'ann@example.org');
  await homing.settle();
  const { body } = await homing.store.db('message_bodies').first('body');
  await homing.store.db('message_bodies').update({ body: change(body) });
  return { ...homing, id };
}

test('where Mailgun has a copy, a fallback is sent that one in place of our damaged one', async (t) => {
  const homing = await fallenBack(t, flipped);
  await homing.play(homing.clock() + HOUR);
  assert.equal((await only(homing, homing.id)).delivery.state, 'relayed');
});

test('a fallback whose copy opens with no key that we have waits for the key, and is not tried without pause', async (t) => {
  const homing = await fallenBack(t, (sealed) =>
    Buffer.concat([sealed.subarray(0, 1), Buffer.alloc(8), sealed.subarray(9)]),
  );
  await homing.play(homing.clock() + HOUR);
  const { delivery } = await only(homing, homing.id);
  assert.equal(delivery.state, 'queued');
  assert.ok(delivery.attempt < 40, `${delivery.attempt} attempts`);
});

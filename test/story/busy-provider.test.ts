// Mailgun that wants to be left alone, or that does not take what it is asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { only, queueMail, startByHand } from '../support/homing.ts';

test('while Mailgun answers 429 to everything it gets few requests, and then all the mail', async (t) => {
  const homing = await startByHand(t, { poll: true, env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  homing.sim.fate('bo@blocked.test', [BLOCKED_IP, 'deliver']);
  const ids = [await homing.send('bo@blocked.test'), await homing.send('bea@blocked.test')];
  await homing.play(homing.clock() + 10 * 1000);
  const busy = { status: 429, headers: { 'Retry-After': '20' }, body: '{"message":"slow down"}' };
  const end = homing.sim.misbehave(() => true, busy);
  const before = homing.sim.requests.length;
  for (let n = 0; n < 200; n++) ids.push(await queueMail(homing, `ann-${n}@inbox.test`));
  await homing.play(homing.clock() + 2 * MINUTE);
  end();
  const requests = homing.sim.requests.length - before;
  assert.ok(requests <= 80, `${requests} requests`);
  await homing.play(homing.clock() + HOUR);
  for (const id of ids) assert.equal((await only(homing, id)).delivery.state, 'delivered');
  for (let n = 0; n < 200; n++) assert.equal(homing.sim.copies(`ann-${n}@inbox.test`), 1);
});

for (const message of ["'o:deliverytime' is not allowed here", 'Bad Request'])
  test(`a delivery time that is refused on a re-post ("${message}") is waited for here, and then it goes out`, async (t) => {
    const homing = await startByHand(t);
    homing.sim.fate('bo@blocked.test', [BLOCKED_IP, BLOCKED_IP, 'deliver']);
    const isTimed = (r: { path: string; fields: Record<string, string[]> }) =>
      /\/messages\//.test(r.path) && r.fields['o:deliverytime'] !== undefined;
    homing.sim.misbehave(isTimed, { status: 400, body: JSON.stringify({ message }) });
    const began = homing.clock();
    const id = await homing.send('bo@blocked.test');
    await homing.play(began + 2 * HOUR);
    const { delivery } = await only(homing, id);
    assert.equal(delivery.state, 'delivered');
    const reposts = homing.sim.handovers
      .filter((h) => h.kind === 'repost')
      .map((h) => Math.round((h.at - began) / MINUTE));
    assert.deepEqual(reposts, [4, 20]);
    assert.deepEqual(homing.sink.mails, []);
    const [domain] = await homing.store.db('domains').select('schedule');
    assert.equal(domain.schedule, message === 'Bad Request' ? 'auto' : 'local');
  });

for (const secondary of [true, false])
  test(`one 429 that names a day costs ten minutes, ${secondary ? 'with' : 'without'} a secondary`, async (t) => {
    const homing = await startByHand(t, { secondary, env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
    const busy = { status: 429, headers: { 'Retry-After': '86400' }, body: '{"message":"slow down"}' };
    homing.sim.misbehave((request) => request.method === 'POST', busy, 1);
    const id = await queueMail(homing, 'ann@inbox.test', { 'v:homing-class': 'access' });
    await homing.play(homing.clock() + 12 * MINUTE);
    const { delivery } = await only(homing, id);
    assert.equal(delivery.state, secondary ? 'relayed' : 'delivered');
  });

test('a reset that can go nowhere else is tried until its useful life ends while Mailgun is down', async (t) => {
  const homing = await startByHand(t, { secondary: false, env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  await homing.sim.unplug();
  const id = await queueMail(homing, 'ann@inbox.test', { 'v:homing-class': 'access' });
  await homing.play(homing.clock() + 9 * MINUTE);
  await homing.sim.plug();
  await homing.play(homing.clock() + HOUR);
  assert.equal((await only(homing, id)).delivery.state, 'delivered');
});

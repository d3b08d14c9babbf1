import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { DAY, HOUR } from '../../src/core/time.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { type Homing, startByHand } from '../support/homing.ts';
import { eachDatabase } from '../support/stores.ts';

const start = (t: TestContext, url: string, after: number): Promise<Homing> =>
  startByHand(t, { database: url, env: { RETRY_HOPELESS_AFTER: String(after) } });

const items = (homing: Homing): Promise<{ item_key: string; detail: string }[]> =>
  homing.store.db('alert_items').where({ kind: 'not_cured' }).orderBy('at').select('item_key', 'detail');

const notes = async (homing: Homing, id: string): Promise<string[]> =>
  ((await homing.views(id))[0]?.facts ?? []).flatMap((f) =>
    f.kind === 'noted' && /cured none/.test(f.what) ? [f.what] : [],
  );

eachDatabase('re-posts that cure nothing are told of once a week, and noted on the mails concerned', async (t, url) => {
  const homing = await start(t, url, 3);
  for (const who of ['ann', 'bob', 'cyd']) homing.sim.fate(`${who}@hopeless.test`, BLOCKED_IP);
  const first = await homing.send('ann@hopeless.test');
  await homing.play(homing.clock() + 12 * HOUR);
  const [told, ...others] = await items(homing);
  assert.equal(others.length, 0);
  assert.match(told?.detail ?? '', /^Of the last 3 re-posts to hopeless\.test after "our IP is blocked" none arrived/);
  // The third re-post was the fourth attempt: what came before it knew of nothing.
  assert.equal((await notes(homing, first)).length, 2);
  const second = await homing.send('bob@hopeless.test');
  await homing.play(homing.clock() + 12 * HOUR);
  assert.equal((await items(homing)).length, 1, 'the same week');
  assert.match((await notes(homing, second))[0] ?? '', /have cured none of the last 3/);
  const mails = homing.alerts().filter((a) => /cure nothing/.test(a.subject.replace(/\s+/g, ' ')));
  const isEnd = (subject: string) => /\] over: /.test(subject);
  assert.deepEqual(
    mails.map((a) => isEnd(a.subject)),
    [false, true],
    'and that nothing more was seen of it',
  );
  assert.match(mails[0]?.text ?? '', /secondary provider[\s\S]*dedicated IP[\s\S]*HOMING_RULES/);
  homing.clock.set(homing.clock() + 7 * DAY);
  await homing.send('cyd@hopeless.test');
  await homing.play(homing.clock() + 12 * HOUR);
  assert.equal((await items(homing)).length, 2, 'another week');
});

eachDatabase('what is sent stays the same, and one cure or 0 ends the warnings', async (t, url) => {
  const homing = await start(t, url, 4);
  homing.sim.fate('ann@hopeless.test', [BLOCKED_IP, BLOCKED_IP, BLOCKED_IP, 'deliver']);
  homing.sim.fate('bob@hopeless.test', BLOCKED_IP);
  const ann = await homing.send('ann@hopeless.test');
  await homing.play(homing.clock() + 12 * HOUR);
  assert.deepEqual(await items(homing), []);
  const bob = await homing.send('bob@hopeless.test');
  await homing.play(homing.clock() + 12 * HOUR);
  assert.equal((await homing.views(ann))[0]?.delivery.state, 'delivered');
  const [view] = await homing.views(bob);
  assert.deepEqual([view?.delivery.state, view?.delivery.attempt], ['relayed', 6]);
  assert.equal(homing.sim.handovers.filter((h) => h.recipient === 'bob@hopeless.test').length, 5);
  const before = (await items(homing)).length;
  homing.sim.fate('cyd@hopeless.test', [BLOCKED_IP, 'deliver']);
  const cyd = await homing.send('cyd@hopeless.test');
  await homing.play(homing.clock() + HOUR);
  homing.sim.fate('dan@hopeless.test', [BLOCKED_IP, 'deliver']);
  const dan = await homing.send('dan@hopeless.test');
  await homing.play(homing.clock() + HOUR);
  assert.deepEqual([(await notes(homing, cyd)).length, (await homing.views(cyd))[0]?.delivery.attempt], [1, 2]);
  assert.deepEqual([(await notes(homing, dan)).length, (await homing.views(dan))[0]?.delivery.attempt], [0, 2]);
  assert.equal((await items(homing)).length, before);
});

eachDatabase('with RETRY_HOPELESS_AFTER=0 nothing is said', async (t, url) => {
  const homing = await start(t, url, 0);
  homing.sim.fate('ann@hopeless.test', BLOCKED_IP);
  const id = await homing.send('ann@hopeless.test');
  await homing.play(homing.clock() + 12 * HOUR);
  assert.deepEqual([await items(homing), await notes(homing, id)], [[], []]);
  assert.equal((await homing.views(id))[0]?.delivery.attempt, 6);
});

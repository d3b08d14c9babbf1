// A daemon that was away: what came about meanwhile is read from the provider before anything is concluded from silence.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DAY, HOUR, MINUTE, type Ms } from '../../src/core/time.ts';
import { BLOCKED_IP, BLOCKED_IP_LISTED } from '../../src/lab/sim/fates.ts';
import { claimQuestions } from '../../src/store/ledger/due.ts';
import { type Homing, only, startByHand } from '../support/homing.ts';
import { eachDatabase } from '../support/stores.ts';

const start = async (t: TestContext, database: string): Promise<Homing> => {
  const homing = await startByHand(t, { database, poll: true });
  await homing.play(homing.clock() + 5 * MINUTE);
  return homing;
};

/** No daemon runs for so long. Mailgun goes on, and its webhooks find nobody. */
async function away({ clock, sim }: Homing, length: Ms): Promise<void> {
  const until = clock() + length;
  sim.setWebhook(null);
  for (;;) {
    await sim.runDue();
    const next = sim.nextDueAt();
    if (next === null || next > until) break;
    clock.set(Math.max(next, clock()));
  }
  clock.set(until);
}

const isQuestion = ({ path }: { path: string }): boolean => /\/events/.test(path);

const trouble = (homing: Homing): (() => void) =>
  homing.sim.misbehave(isQuestion, { status: 500, body: '{"message":"Internal server error"}' });

const standing = async (homing: Homing, id: string) => {
  const { delivery } = await only(homing, id);
  return [delivery.state, delivery.attempt];
};

for (const [words, length, ...pollings] of [
  ['9 hours', 9 * HOUR, 'works', 'fails for 40 minutes'],
  ['30 hours', 30 * HOUR, 'fails for 40 minutes'],
  ['4 days', 4 * DAY, 'works'],
] as const)
  for (const polling of pollings)
    eachDatabase(
      `after ${words} without a daemon nothing that arrived is given up; polling ${polling}`,
      async (t, url) => {
        const homing = await start(t, url);
        homing.sim.fate('bo@blocked.test', [BLOCKED_IP, 'deliver']);
        const arriving = [
          await homing.send('ann@inbox.test'),
          await homing.send('amy@inbox.test', { class: 'access' }),
          await homing.send('abe@inbox.test', { class: 'bulk' }),
          await homing.send('lou@inbox.test', { record: 'lost' }),
          await homing.send('lea@inbox.test', { class: 'access', record: 'lost' }),
        ];
        const blocked = await homing.send('bo@blocked.test');
        await away(homing, length);
        if (polling !== 'works') {
          const mended = trouble(homing);
          await homing.play(homing.clock() + 40 * MINUTE);
          mended();
        }
        await homing.play(homing.clock() + 90 * MINUTE);
        for (const id of arriving) assert.deepEqual(await standing(homing, id), ['delivered', 1]);
        const ended = length < DAY ? ['delivered', 2] : ['expired', 1];
        assert.deepEqual(await standing(homing, blocked), ended);
        for (const to of ['ann', 'amy', 'abe', 'lou', 'lea']) assert.equal(homing.sim.copies(`${to}@inbox.test`), 1);
        assert.equal(homing.sink.mails.filter((m) => !m.to.includes('admin@team.example')).length, 0);
        const told = await homing.store.db('alert_items').select('kind');
        assert.deepEqual(told, length < DAY ? [] : [{ kind: 'expired' }], 'and only what was lost is told of');
      },
    );

eachDatabase('records that Mailgun has thrown away meanwhile are no proof that a mail is lost', async (t, url) => {
  const homing = await start(t, url);
  homing.sim.fate('abe@inbox.test', 'silence');
  const id = await homing.send('abe@inbox.test', { class: 'bulk' });
  await homing.play(homing.clock() + HOUR);
  await away(homing, 30 * HOUR);
  homing.sim.misbehave(isQuestion, { status: 200, body: '{"items":[],"paging":{}}' });
  await homing.play(homing.clock() + 2 * HOUR);
  assert.deepEqual(await standing(homing, id), ['accepted', 1]);
  assert.equal(homing.sim.handovers.length, 1);
});

test('a question that died with its process is asked by the next one, before anything is sent again', async (t) => {
  const homing = await startByHand(t, { poll: true, env: { RETRY_SCHEDULE: 'local' } });
  homing.sim.fate('anna@blocked.test', [BLOCKED_IP_LISTED, 'deliver']);
  const id = await homing.send('anna@blocked.test');
  await homing.play(homing.clock() + MINUTE);
  homing.clock.set((await only(homing, id)).delivery.nextAt ?? 0);
  await homing.dispatch();
  const { lease } = homing.inside.settings;
  assert.equal((await claimQuestions(homing.store, homing.clock(), 10, lease)).length, 1);
  homing.clock.advance(HOUR);
  await homing.play(homing.clock() + HOUR);
  assert.equal((await only(homing, id)).delivery.state, 'delivered');
  assert.equal(homing.sim.handovers.length, 2, 'no copy failed because of the bounce list');
});

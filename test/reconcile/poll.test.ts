import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { pollEvents } from '../../src/reconcile/poll.ts';
import { clockAt } from '../support/clock.ts';
import { startByHand } from '../support/homing.ts';
import { throughToy } from '../support/toy/homing.ts';
import { openToy } from '../support/toy/provider.ts';
import { startToy } from '../support/toy/server.ts';

/** More than one pass reads of one domain. */
const MANY = 13_000;

async function start(t: TestContext) {
  const clock = clockAt();
  const toy = await startToy(clock);
  t.after(toy.close);
  const homing = await startByHand(t, {
    env: { EVENTS_SETTLE: '1m' },
    ...throughToy(toy),
  });
  const happen = (n: number) => toy.happen({ id: `x${n}`, ours: '', to: 'ann@there.example', mime: '' }, 'taken');
  const kept = async (): Promise<number> => {
    const row = await homing.store.db('inbox').where({ provider: 'toy' }).count({ n: '*' }).first();
    return Number(row?.['n'] ?? 0);
  };
  return { toy, homing, clock, happen, kept };
}

test('more events of one minute than one pass can read are read on by the next, and none after them is missed', async (t) => {
  const { toy, homing, clock, happen, kept } = await start(t);
  for (let n = 0; n < MANY; n++) happen(n);
  assert.equal(toy.events.length, MANY);
  homing.clock.advance(5 * MINUTE);
  await pollEvents(homing.inside);
  assert.equal(await kept(), 12_000, 'a pass has an end');
  homing.clock.advance(SECOND);
  clock.set(homing.clock());
  happen(MANY);
  homing.clock.advance(5 * MINUTE);
  await pollEvents(homing.inside);
  assert.equal(await kept(), MANY);
  await pollEvents(homing.inside);
  homing.clock.advance(MINUTE);
  await pollEvents(homing.inside);
  assert.equal(await kept(), MANY + 1);
});

test('a page that the provider has forgotten is read from the beginning of its range', async (t) => {
  const clock = clockAt();
  const toy = await startToy(clock);
  t.after(toy.close);
  const asked: (string | null)[] = [];
  const homing = await startByHand(t, {
    env: { EVENTS_SETTLE: '1m' },
    ...throughToy(toy, (url) => {
      const provider = openToy(url);
      const { history } = provider;
      assert.ok(history);
      return {
        ...provider,
        history: {
          ...history,
          between: async (domain, range, cursor) => {
            asked.push(cursor);
            if (cursor !== null && asked.length === 2) throw new Error('404 unknown page');
            return history.between(domain, range, cursor);
          },
        },
      };
    }),
  });
  for (let n = 0; n < 700; n++) toy.happen({ id: `x${n}`, ours: '', to: 'ann@there.example', mime: '' }, 'taken');
  homing.clock.advance(5 * MINUTE);
  await pollEvents(homing.inside);
  assert.deepEqual(asked.slice(0, 5), [null, '300', null, '300', '600']);
  const row = await homing.store.db('inbox').where({ provider: 'toy' }).count({ n: '*' }).first();
  assert.equal(Number(row?.['n']), 700);
});

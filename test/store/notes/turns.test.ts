import assert from 'node:assert/strict';
import { newId } from '../../../src/base/ids.ts';
import { DAY, HOUR, MINUTE } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { daemonsSince, forgetDaemon, forgetDaemonsBefore, noteDaemon } from '../../../src/store/notes/daemons.ts';
import { giveUpTurn, holdTurn, takeTurn } from '../../../src/store/notes/turns.ts';
import { MORNING } from '../../support/clock.ts';
import { eachStore } from '../../support/stores.ts';

eachStore('one of all daemons has a turn until it ends or is given up', async ({ store }) => {
  const take = (who: string, now: number) => takeTurn(store, 'reconcile', who, { now, until: now + MINUTE });
  assert.deepEqual(await Promise.all([take('a', MORNING), take('b', MORNING)]).then((all) => all.sort()), [
    false,
    true,
  ]);
  const [mine, other] = (await take('a', MORNING)) ? ['a', 'b'] : ['b', 'a'];
  assert.equal(await take(mine as string, MORNING + 30_000), true, 'who has it keeps it for longer');
  assert.equal(await take(other as string, MORNING + MINUTE), false);
  assert.equal(await take(other as string, MORNING + 90_000), true, 'it has ended');
  assert.equal(await take(mine as string, MORNING + 90_000), false);
  await giveUpTurn(store, 'reconcile', mine as string);
  assert.equal(await take(mine as string, MORNING + 90_000), false, 'nobody gives up what another one has');
  await giveUpTurn(store, 'reconcile', other as string);
  assert.equal(await take(mine as string, MORNING + 90_000), true);
});

eachStore('a turn from before a clock was set back holds nobody up', async ({ store }) => {
  const take = (who: string, now: number) => takeTurn(store, 'reconcile', who, { now, until: now + MINUTE });
  assert.equal(await take('a', MORNING + DAY), true);
  assert.equal(await take('b', MORNING), true);
});

/** What is to be done once a day, by whoever comes then. */
const daily = (which: Store, now: number, first = now) =>
  takeTurn(which, 'care:dns', newId(now), { now, until: now + DAY, first });

eachStore('one of several daemons gets a turn, first after a while and then once a day', async ({ store, open }) => {
  const other = open();
  const take = (which: Store, now: number) => daily(which, now, MORNING + 10 * MINUTE);
  assert.equal(await take(store, MORNING), false);
  assert.equal(await take(other, MORNING + 9 * MINUTE), false);
  const both = await Promise.all([take(store, MORNING + 10 * MINUTE), take(other, MORNING + 10 * MINUTE)]);
  assert.deepEqual(both.toSorted(), [false, true]);
  assert.equal(await take(store, MORNING + 23 * HOUR), false);
  const [later, again] = [MORNING + DAY + 10 * MINUTE, MORNING + DAY + 70 * MINUTE];
  assert.equal(await takeTurn(store, 'care:dns', 'mine', { now: later, until: later + DAY }), true);
  await giveUpTurn(store, 'care:dns', 'mine', again);
  assert.equal(await take(store, again - MINUTE), false);
  assert.equal(await take(store, again), true);
});

eachStore('a turn of a day from before the clock was set back holds nobody up', async ({ store }) => {
  assert.equal(await daily(store, MORNING + 365 * DAY), true);
  assert.equal(await daily(store, MORNING), true);
  assert.equal(await daily(store, MORNING + HOUR), false);
  assert.equal(await daily(store, MORNING - HOUR), false, 'a daemon whose clock is behind');
});

eachStore('a turn is kept as long as nobody else has taken it', async ({ store }) => {
  const take = (who: string, now: number) => takeTurn(store, 'work', who, { now, until: now + MINUTE });
  assert.equal(await take('a', MORNING), true);
  assert.equal(await holdTurn(store, 'work', 'a', MORNING + 2 * MINUTE), true);
  assert.equal(await take('b', MORNING + 90_000), false);
  assert.equal(await take('b', MORNING + 2 * MINUTE), true);
  await giveUpTurn(store, 'work', 'b');
  assert.equal(await holdTurn(store, 'work', 'a', MORNING + 9 * MINUTE), false, 'another one was at work meanwhile');
});

eachStore('daemons are known while they say that they are there', async ({ store }) => {
  const daemon = { id: 'a', name: 'one:17', roles: ['web', 'tell'], startedAt: MORNING, seenAt: MORNING };
  await noteDaemon(store, daemon);
  await noteDaemon(store, { ...daemon, id: 'b', seenAt: MORNING });
  await noteDaemon(store, { ...daemon, seenAt: MORNING + MINUTE });
  assert.deepEqual(await daemonsSince(store, MORNING + 1), [{ ...daemon, seenAt: MORNING + MINUTE }]);
  await forgetDaemonsBefore(store, MORNING + 1);
  assert.equal((await daemonsSince(store, 0)).length, 1);
  await forgetDaemon(store, 'a');
  assert.deepEqual(await daemonsSince(store, 0), []);
});

import assert from 'node:assert/strict';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import { daemonsSince, forgetDaemon, forgetDaemonsBefore, noteDaemon } from '../../../src/store/notes/daemons.ts';
import { giveUpTurn, takeTurn } from '../../../src/store/notes/turns.ts';
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

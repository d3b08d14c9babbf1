import assert from 'node:assert/strict';
import { MINUTE } from '../../src/core/time.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { waitingByClass } from '../../src/store/queue.ts';
import { at, MORNING } from '../support/clock.ts';
import { draft, ended, seed, seedQueued } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

eachStore('what waits is counted by class, with its oldest and with what left before it', async ({ store }) => {
  const queue = (n: number, over: object = {}) =>
    seedQueued(store, {
      id: `01QUEUED00000000000000000${n}`,
      messageId: `m${n}@mg.example.com`,
      createdAt: at(n),
      recipients: [`p${n}@example.net`],
      ...over,
    });
  await queue(1);
  await queue(2);
  await queue(3, { class: 'access' });
  await queue(4, { deliverAt: MORNING + 60 * MINUTE });
  const [gone] = await queue(5);
  await change(store, [gone?.id ?? ''], at(6), () => [ended(0, at(6), 'cancelled', 'by_application')]);
  await seed(store, draft({ messageId: 'sent@mg.example.com', createdAt: MORNING }), MORNING);
  const { access, notice, bulk } = await waitingByClass(store, at(10));
  assert.deepEqual([access.waiting, access.due, access.since], [1, 1, at(3)]);
  assert.deepEqual([notice.waiting, notice.since], [3, at(1)]);
  assert.equal(notice.left.length, 1, 'what was sent before the oldest that waits');
  assert.deepEqual(bulk, { waiting: 0, due: 0, since: null, left: [] });
});

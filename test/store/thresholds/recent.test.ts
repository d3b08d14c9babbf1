import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/time.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { recentMail, waitingNow } from '../../../src/store/thresholds/recent.ts';
import { MORNING } from '../../support/clock.ts';
import { ended, reported, seed, seedQueued } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

eachStore('mail of late is read with when it was wanted and when it arrived', async ({ store }) => {
  const [arrived] = await seed(store, { messageId: 'a@mg.example.com' });
  const [open] = await seed(store, { messageId: 'b@mg.example.com', recipients: ['bob@Example.org'] });
  const [refused] = await seed(store, { messageId: 'c@mg.example.com' });
  await seed(store, { messageId: 'd@mg.example.com', deliverAt: MORNING + 30 * MINUTE });
  await seed(store, { messageId: 'e@mg.example.com', class: 'access' });
  assert.ok(arrived && open && refused);
  await change(store, [arrived.id], MORNING + MINUTE, () => [reported('delivered', MORNING + 1000)]);
  await change(store, [refused.id], MORNING + MINUTE, () => [ended(1, MORNING, 'failed', 'recipient_unknown')]);
  const mails = await recentMail(store, { class: 'notice', from: MORNING, to: MORNING + 1 });
  assert.deepEqual(
    mails
      .map(({ receiver, wantedAt, arrivedAt }) => [receiver, wantedAt - MORNING, arrivedAt && arrivedAt - MORNING])
      .sort(),
    [
      ['example.net', 0, MINUTE],
      ['example.net', 30 * MINUTE, null],
      ['example.org', 0, null],
    ],
  );
  assert.deepEqual(await recentMail(store, { class: 'notice', from: MORNING + 1, to: MORNING + MINUTE }), []);
  assert.deepEqual(await recentMail(store, { class: 'notice', from: MORNING - MINUTE, to: MORNING }), []);
});

eachStore('what waits though its time has come is counted by its mail', async ({ store }) => {
  await seedQueued(store, { id: '01QUEUED000000000000000001', messageId: 'a@mg.example.com', class: 'access' });
  await seedQueued(store, { id: '01QUEUED000000000000000002', messageId: 'b@mg.example.com', class: 'access' });
  await seed(store, { messageId: 'sent@mg.example.com' });
  assert.deepEqual(await waitingNow(store, MORNING + MINUTE), [
    { domain: 'mg.example.com', class: 'access', receiver: 'example.net', n: 2 },
  ]);
  assert.deepEqual(await waitingNow(store, MORNING - MINUTE), []);
});

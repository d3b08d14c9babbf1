import assert from 'node:assert/strict';
import { timesOf } from '../../src/base/times.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { RECONCILED, setCursor } from '../../src/store/notes/cursors.ts';
import { watch } from '../../src/tell/watch.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { arrival, seed, sent } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const kinds = async (store: Store): Promise<string[]> =>
  (await store.db('alert_items').orderBy('kind')).map((r) => r.kind);
const watching = (store: Store, now: () => number, cron = '* * * * *') => ({
  store,
  reconcileTimes: timesOf(cron),
  reconcileSilence: 10 * MINUTE,
  webhookSilence: HOUR,
  now,
});

eachStore('a reconciler that stands still is told of once', async ({ store }) => {
  const clock = clockAt();
  await setCursor(store, RECONCILED, '', MORNING);
  await watch(watching(store, clock), MORNING);
  assert.deepEqual(await kinds(store), []);
  clock.advance(11 * MINUTE);
  await watch(watching(store, clock), MORNING);
  clock.advance(MINUTE);
  await watch(watching(store, clock), MORNING);
  assert.deepEqual(await kinds(store), ['reconciler_silent']);
});

eachStore('a reconciler that runs every few hours is quiet in between', async ({ store }) => {
  const clock = clockAt();
  const look = () => watch(watching(store, clock, '0 */6 * * *'), MORNING - DAY);
  await setCursor(store, RECONCILED, '', Math.floor(MORNING / (6 * HOUR)) * 6 * HOUR + 1000);
  clock.set(Math.ceil(MORNING / (6 * HOUR)) * 6 * HOUR + 9 * MINUTE);
  await look();
  assert.deepEqual(await kinds(store), []);
  clock.advance(2 * MINUTE);
  await look();
  assert.deepEqual(await kinds(store), ['reconciler_silent']);
});

eachStore('accepted mail without any webhook is told of, and a quiet night is not', async ({ store }) => {
  const clock = clockAt();
  const tick = async () => {
    await setCursor(store, RECONCILED, '', clock());
    await watch(watching(store, clock), MORNING);
  };
  clock.advance(5 * HOUR);
  await tick();
  assert.deepEqual(await kinds(store), [], 'nothing was sent, so nothing is missed');
  await seed(store, { facts: sent(clock()), createdAt: clock() }, clock());
  clock.advance(30 * MINUTE);
  await tick();
  assert.deepEqual(await kinds(store), [], 'its events may still come');
  clock.advance(HOUR);
  await tick();
  assert.deepEqual(await kinds(store), ['webhooks_silent']);
});

eachStore('a webhook since then is a sign of life', async ({ store }) => {
  const clock = clockAt(MORNING + 2 * HOUR);
  await seed(store, { facts: sent(MORNING + 1000), createdAt: MORNING + 1000 });
  await keep(store, [arrival('hook', { source: 'webhook', receivedAt: MORNING + 90 * MINUTE })]);
  await setCursor(store, RECONCILED, '', clock());
  await watch(watching(store, clock), MORNING);
  assert.deepEqual(await kinds(store), []);
});

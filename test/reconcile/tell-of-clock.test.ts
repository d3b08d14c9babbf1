import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { tellOfClock, tellOfStale } from '../../src/reconcile/tell-of-clock.ts';
import { MORNING } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';

eachStore("a clock that is not Mailgun's is told of, once in some hours", async ({ store }) => {
  const told = async () => (await store.db('alert_items').orderBy('at').pluck('detail')) as string[];
  for (const behindBy of [null, 0, 4 * MINUTE, -4 * MINUTE]) await tellOfClock(store, { behindBy, now: MORNING });
  assert.deepEqual(await told(), []);
  await tellOfClock(store, { behindBy: HOUR, now: MORNING });
  await tellOfClock(store, { behindBy: -HOUR, now: MORNING + MINUTE });
  await tellOfStale(store, { signedAt: MORNING - DAY, now: MORNING + MINUTE });
  assert.deepEqual(await told(), ['It is 1 h behind that of Mailgun.']);
  await tellOfClock(store, { behindBy: -DAY, now: MORNING + DAY });
  await tellOfStale(store, { signedAt: MORNING, now: MORNING + 2 * DAY });
  const [, ahead, stale] = await told();
  assert.match(ahead ?? '', /ahead of that of Mailgun/);
  assert.match(stale ?? '', /All webhooks are refused as stale/);
});

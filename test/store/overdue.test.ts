import assert from 'node:assert/strict';
import { MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { openBy, overdueOf } from '../../src/store/overdue.ts';
import { MORNING } from '../support/clock.ts';
import { ended, failed, reported, seed, sent } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const NOW = MORNING + 10 * MINUTE;
let made = 0;

/** A mail that was made so long before now. */
async function mail(store: Store, before: Ms, more: Parameters<typeof seed>[1] = {}): Promise<string> {
  const createdAt = NOW - before;
  const messageId = `mail-${made++}@mg.example.com`;
  const [view] = await seed(
    store,
    { class: 'access', createdAt, messageId, facts: sent(createdAt, messageId), ...more },
    createdAt,
  );
  return view?.id ?? '';
}

const arrive = (store: Store, id: string, at: Ms) => change(store, [id], at, () => [reported('delivered', at)]);
const judged = (store: Store, within = 5 * MINUTE) => overdueOf(store, { class: 'access', within }, NOW);

eachStore(
  'overdue is what came too late, what is on its way, and what was given up; not what was refused',
  async ({ store }) => {
    await arrive(store, await mail(store, 6 * MINUTE), NOW - 2 * MINUTE);
    assert.deepEqual(await judged(store), { judged: 1, overdue: 0 });
    await arrive(store, await mail(store, 9 * MINUTE), NOW - MINUTE);
    await mail(store, 7 * MINUTE);
    const given = await mail(store, 8 * MINUTE);
    await change(store, [given], NOW, () => [ended(1, NOW, 'abandoned', 'storage_gone')]);
    const refused = await mail(store, 8 * MINUTE);
    await change(store, [refused], NOW, () => [failed(NOW, 'stop')]);
    const cancelled = await mail(store, 8 * MINUTE);
    await change(store, [cancelled], NOW, () => [ended(1, NOW, 'cancelled', 'by_operator')]);
    assert.deepEqual(await judged(store), { judged: 4, overdue: 3 });
    assert.deepEqual(await overdueOf(store, { class: 'bulk', within: MINUTE }, NOW), { judged: 0, overdue: 0 });
  },
);

eachStore('what still has time, and what was made long ago, is not judged', async ({ store }) => {
  await mail(store, 4 * MINUTE);
  await mail(store, 21 * MINUTE);
  assert.deepEqual(await judged(store), { judged: 0, overdue: 0 });
  await mail(store, 19 * MINUTE);
  assert.deepEqual(await judged(store), { judged: 1, overdue: 1 });
});

eachStore('mail that was wanted later is in time by then', async ({ store }) => {
  const deliverAt = NOW - 6 * MINUTE;
  const asked = await mail(store, 18 * MINUTE, { deliverAt });
  await arrive(store, asked, deliverAt + SECOND);
  await mail(store, 18 * MINUTE, { deliverAt: NOW - MINUTE });
  assert.deepEqual(await judged(store), { judged: 1, overdue: 0 });
});

eachStore('of much mail the newest is judged, of all states alike', async ({ store }) => {
  const messageId = 'crowd@mg.example.com';
  const recipients = Array.from({ length: 1500 }, (_, n) => `r${n}@example.net`);
  const at = NOW - 6 * MINUTE;
  const views = await seed(
    store,
    { class: 'access', createdAt: at, recipients, messageId, facts: sent(at, messageId) },
    at,
  );
  await change(
    store,
    views.map(({ id }) => id),
    at + SECOND,
    () => [reported('delivered', at + SECOND)],
  );
  await mail(store, 10 * MINUTE);
  const { judged: all, overdue } = await judged(store);
  assert.ok(all >= 1000, `${all}`);
  assert.equal(overdue, 0, 'the one that waits is older than all of these');
});

eachStore('what has not ended is counted by where it stands, with the oldest that is wanted', async ({ store }) => {
  await mail(store, 7 * MINUTE);
  await mail(store, 9 * MINUTE, { deliverAt: NOW + MINUTE });
  const id = await mail(store, 3 * MINUTE);
  await change(store, [id], NOW, () => [reported('deferred', NOW)]);
  const open = await openBy(store, ['access']);
  const of = (state: string) => open.find((one) => one.state === state);
  assert.deepEqual(of('accepted'), { class: 'access', state: 'accepted', n: 2, oldest: NOW - 7 * MINUTE });
  assert.deepEqual(of('deferred'), { class: 'access', state: 'deferred', n: 1, oldest: NOW - 3 * MINUTE });
  assert.deepEqual(of('queued'), { class: 'access', state: 'queued', n: 0, oldest: null });
});

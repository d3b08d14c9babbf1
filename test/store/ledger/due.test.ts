import assert from 'node:assert/strict';
import { newId } from '../../../src/base/ids.ts';
import type { MessageClass } from '../../../src/core/message-class.ts';
import { DAY, MINUTE, type Ms, SECOND } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { claimDue } from '../../../src/store/ledger/due.ts';
import { MORNING } from '../../support/clock.ts';
import { seedQueued } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

let n = 0;

/** Messages of one recipient each: those of one message are claimed together. */
async function queue(store: Store, kind: MessageClass, count: number): Promise<void> {
  for (let left = count; left > 0; left--) {
    const id = `01QUEUED${String(n++).padStart(18, '0')}`;
    await seedQueued(store, { id, messageId: `${id}@mg.example.com`, class: kind, recipients: [`p${n}@example.net`] });
  }
}

/** The classes of what is claimed, in places that become free one after the other. */
async function claimed(store: Store, turn: number, most = 1): Promise<MessageClass[]> {
  const { claimed } = await claimDue(store, [{ lane: '', most, turn }], { now: MORNING + MINUTE, lease: DAY });
  const ids = claimed.map(({ id }) => id);
  return store.db('deliveries').whereIn('id', ids).pluck('class');
}

const countOf = (all: readonly MessageClass[], kind: MessageClass): number => all.filter((one) => one === kind).length;

eachStore('a stream of access mail without end does not keep the other classes for ever', async ({ store }) => {
  await queue(store, 'notice', 10);
  await queue(store, 'bulk', 10);
  await queue(store, 'access', 60);
  const all: MessageClass[] = [];
  for (let turn = 0; turn < 20; turn++) all.push(...(await claimed(store, turn)));
  assert.deepEqual([countOf(all, 'access'), countOf(all, 'notice'), countOf(all, 'bulk')], [14, 4, 2]);
  const many = await claimed(store, 20, 30);
  assert.deepEqual([countOf(many, 'access'), countOf(many, 'notice'), countOf(many, 'bulk')], [21, 6, 3]);
});

eachStore('a place whose class has nothing due goes to the most urgent mail that waits', async ({ store }) => {
  await queue(store, 'access', 3);
  await queue(store, 'bulk', 12);
  const all = await claimed(store, 0, 10);
  assert.deepEqual([countOf(all, 'access'), countOf(all, 'bulk')], [3, 7]);
  assert.equal((await claimed(store, 10, 10)).length, 5, 'no place stays empty while something waits');
});

/** Forty messages, a millisecond apart. */
async function queueEachAtItsTime(store: Store, kind: MessageClass): Promise<void> {
  for (let at = MORNING; at < MORNING + 40; at++) {
    const id = newId(at);
    await seedQueued(
      store,
      { id, messageId: `${id}@mg.example.com`, class: kind, recipients: ['ann@example.net'] },
      at,
    );
  }
}

eachStore(
  'daemons take different mail where there is enough for all of them, and the same where there is little',
  async ({ store }) => {
    await queueEachAtItsTime(store, 'notice');
    const take = async (index: number, most: number) => {
      const share = { index, of: 2 };
      const { claimed } = await claimDue(store, [{ lane: '', most }], { now: MORNING + SECOND, lease: SECOND, share });
      return claimed.map(({ id }) => id);
    };
    const free = () => store.db('due').update({ at: MORNING, lease: null });
    const first = await take(0, 10);
    await free();
    const second = await take(1, 10);
    assert.deepEqual([first.length, second.length], [10, 10]);
    assert.deepEqual(
      first.filter((id) => second.includes(id)),
      [],
    );
    await free();
    assert.equal((await take(0, 40)).length, 40, 'all that is due is taken where one can take it all');
  },
);

eachStore('an access mail that waits for a daemon that is gone is taken by another one', async ({ store }) => {
  await queueEachAtItsTime(store, 'access');
  const take = async (now: Ms) => {
    const share = { index: 0, of: 2 };
    const { claimed } = await claimDue(store, [{ lane: '', most: 35 }], { now, lease: DAY, share });
    return claimed.length;
  };
  const own = await take(MORNING + SECOND);
  assert.ok(own < 35, `${own}`);
  assert.equal((await take(MORNING + 10 * SECOND)) + own, 40);
});

eachStore('what is late is taken by any daemon that has room, whosever it is', async ({ store }) => {
  await queueEachAtItsTime(store, 'bulk');
  const take = async (index: number, now: Ms) => {
    const share = { index, of: 2 };
    const { claimed } = await claimDue(store, [{ lane: '', most: 30 }], { now, lease: DAY, share });
    return claimed.length;
  };
  const own = await take(0, MORNING + SECOND);
  assert.ok(own > 0 && own < 30, `${own}`);
  assert.equal(own + (await take(0, MORNING + MINUTE)), 40, 'the other one stands still');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../src/core/delivery.ts';
import { MINUTE } from '../../src/core/time.ts';
import { cancelMessage, detailOf, reopenMessage, saidIn } from '../../src/operate/operate.ts';
import type { Store } from '../../src/store/db/open.ts';
import { MORNING } from '../support/clock.ts';
import { seed, sent } from '../support/factory.ts';
import { lossyStore } from '../support/lossy-proxy.ts';
import { eachStore, onMariaDb } from '../support/stores.ts';

const at = (minutes: number) => MORNING + minutes * MINUTE;
const audits = (store: Store) => store.db('audit').orderBy('id').select('who', 'what', 'subject', 'detail');
const states = async (store: Store): Promise<string[]> =>
  (await store.db('deliveries').orderBy('id')).map((d: { state: string }) => d.state);

async function message(
  store: Store,
  recipients = ['ann@example.net', 'bob@example.net'],
  facts: readonly Fact[] = [],
): Promise<string> {
  const [view] = await seed(store, { recipients, facts });
  assert.ok(view);
  return view.messageId;
}

eachStore('an act of an operator is written down with what it changed, however many deliveries', async ({ store }) => {
  const recipients = Array.from({ length: 450 }, (_, n) => `p${n}@example.net`);
  const id = await message(store, recipients);
  assert.equal((await cancelMessage(store, { message: id, who: 'ops', reason: 'by_operator' }, at(1))).cancelled, 450);
  const [entry, ...others] = await audits(store);
  assert.deepEqual([entry.who, entry.what, entry.subject, others.length], ['ops', 'cancel', id, 0]);
  assert.match(entry.detail, /^450 deliveries: (\w{26} ){20}…$/);
  assert.equal((await cancelMessage(store, { message: id, who: 'ops', reason: 'by_operator' }, at(2))).cancelled, 0);
  assert.equal((await audits(store)).length, 1, 'what changes nothing is not written down');
});

eachStore('an act that can not be written down changes nothing', async ({ store }) => {
  const id = await message(store);
  const nobody = { message: id, who: null as unknown as string, reason: 'by_operator' as const };
  await assert.rejects(cancelMessage(store, nobody, at(1)));
  assert.deepEqual(await states(store), ['queued', 'queued']);
  await cancelMessage(store, { message: id, who: 'ops', reason: 'by_operator' }, at(1));
  await assert.rejects(reopenMessage(store, { ...nobody, what: 'retry' }, at(2)));
  assert.deepEqual(await states(store), ['cancelled', 'cancelled']);
});

eachStore('one recipient is meant however the address is written, and another is no such recipient', async (g) => {
  const id = await message(g.store);
  const wish = { message: id, recipient: 'BOB@Example.net', who: 'ops', reason: 'by_operator' as const };
  assert.equal((await cancelMessage(g.store, wish, at(1))).cancelled, 1);
  assert.deepEqual(await states(g.store), ['queued', 'cancelled']);
  const stranger = cancelMessage(
    g.store,
    { message: id, recipient: 'eve@example.net', who: 'ops', reason: 'by_operator' },
    at(1),
  );
  await assert.rejects(stranger, { code: 'not_found' });
});

onMariaDb('an act whose COMMIT got no reply is done and written down once, and says what it did', async (g) => {
  const id = await message(g.store, undefined, sent());
  const { store: shaky, proxy } = await lossyStore(g.t, g.url);
  proxy.loseNextCommit();
  assert.equal((await cancelMessage(shaky, { message: id, who: 'ops', reason: 'by_operator' }, at(1))).cancelled, 2);
  proxy.loseNextCommit();
  assert.deepEqual(await reopenMessage(shaky, { message: id, who: 'ops', what: 'retry' }, at(2)), { reopened: 2 });
  assert.equal(proxy.lost(), 2);
  assert.deepEqual(
    (await audits(g.store)).map((a) => a.what),
    ['cancel', 'retry'],
  );
});

test('what the audit says of an act can be read again, whatever words its reason has', () => {
  const many = Array.from({ length: 21 }, (_, n) => `D${n}`);
  for (const why of ['mended', 'a; b', '3 deliveries: D9', 'two\nlines; 2 deliveries: D8 D9', undefined]) {
    assert.deepEqual(saidIn(detailOf(['D1', 'D2'], why)), { why: why ?? null, ids: ['D1', 'D2'] }, why);
    assert.deepEqual(saidIn(detailOf(many, why)), { why: why ?? null, ids: null }, why);
  }
  assert.deepEqual(saidIn('only a reason'), { why: 'only a reason', ids: null });
});

import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, type Ms } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { countSent, forgetSent, SENT_LAG, sentCounted, sentIn } from '../../../src/store/thresholds/sent.ts';
import { MORNING } from '../../support/clock.ts';
import { seed } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

let made = 0;
const ask = (store: Store, at: Ms, over: { tags?: string[]; template?: string } = {}) =>
  seed(store, { messageId: `asked-${++made}@mg.example.com`, createdAt: at, ...over }, at);

const counts = async (store: Store, from: Ms, to: Ms) =>
  (await sentIn(store, { from, to })).map(({ kind, name, n }) => `${kind} ${name} ${n}`).sort();

eachStore(
  'each message is counted once, however many count, and by its quarter of an hour',
  async ({ store, open }) => {
    await ask(store, MORNING, { tags: ['welcome'], template: 'hello' });
    await ask(store, MORNING + 14 * MINUTE, { tags: ['welcome'] });
    await ask(store, MORNING + 15 * MINUTE);
    const [there, now] = [open(), MORNING + HOUR];
    await Promise.all([countSent(store, now), countSent(there, now)]);
    for (let n = 0; n < 3; n++) await countSent(n % 2 ? store : there, now, 1);
    assert.deepEqual(await counts(store, MORNING, MORNING + 15 * MINUTE), [
      'class notice 2',
      'tag welcome 2',
      'template hello 1',
    ]);
    assert.deepEqual(await counts(store, MORNING + 15 * MINUTE, MORNING + HOUR), ['class notice 1']);
  },
);

eachStore('a bite at a time it comes to the end, and says when it has', async ({ store }) => {
  for (let n = 0; n < 5; n++) await ask(store, MORNING + n);
  const now = MORNING + HOUR;
  const read: number[] = [];
  for (let n = 0; n < 3; n++) {
    read.push(await countSent(store, now, 2));
    if (n < 2) assert.equal(await sentCounted(store), null, 'not all is counted yet');
  }
  assert.deepEqual(read, [2, 2, 1]);
  assert.deepEqual(await sentCounted(store), { from: MORNING, to: now - SENT_LAG });
  assert.deepEqual(await counts(store, MORNING, now), ['class notice 5']);
});

eachStore('what applications tell of a little later is counted too', async ({ store }) => {
  await ask(store, MORNING);
  await countSent(store, MORNING + MINUTE);
  await ask(store, MORNING + 1000);
  await countSent(store, MORNING + 2 * MINUTE);
  await countSent(store, MORNING + HOUR);
  assert.deepEqual(await counts(store, MORNING, MORNING + HOUR), ['class notice 2']);
});

eachStore('names without an end take no room without an end', async ({ store }) => {
  const tags = Array.from({ length: 20 * 20 }, (_, n) => `t${String.fromCharCode(97 + (n % 26))}${n}`);
  for (let n = 0; n < 20; n++) await ask(store, MORNING, { tags: tags.slice(20 * n, 20 * n + 20) });
  await countSent(store, MORNING + HOUR);
  const names = await counts(store, MORNING, MORNING + HOUR);
  assert.equal(names.length, 301);
  assert.ok(names.includes('class notice 20'));
});

eachStore('what is older than four weeks is forgotten', async ({ store }) => {
  await ask(store, MORNING);
  await countSent(store, MORNING + HOUR);
  assert.equal(await forgetSent(store, MORNING + 30 * DAY), 0);
  assert.equal(await forgetSent(store, MORNING + 30 * DAY + 1), 1);
});

import assert from 'node:assert/strict';
import { newId } from '../../src/base/ids.ts';
import { seal } from '../../src/base/seal.ts';
import { keyForDaemons, keyTrouble, publishKeys } from '../../src/intake/sealing-keys.ts';
import type { Store } from '../../src/store/db/open.ts';
import { MORNING } from '../support/clock.ts';
import { queueDraft, seedQueued } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const [OLD, NEW, OTHER] = ['01'.repeat(32), '02'.repeat(32), '03'.repeat(32)];

async function keep(store: Store, key: string, times = 1): Promise<void> {
  for (let n = 0; n < times; n++) {
    const draft = queueDraft({ id: newId(MORNING), messageId: `${key.slice(0, 2)}-${n}@mg.example.com`, key: null });
    await seedQueued(store, { ...draft, body: await seal(Buffer.from('Hi'), key, draft.id) }, MORNING);
  }
}

eachStore('a new database takes any key, and none', async ({ store }) => {
  for (const keys of [[], [OLD], [OLD, NEW]]) assert.equal(await keyTrouble(store, keys), null);
});

eachStore(
  'mail that is kept needs the key that it was sealed with, however many others there are',
  async ({ store }) => {
    await keep(store, OLD, 2);
    await keep(store, NEW);
    for (const keys of [
      [NEW, OLD],
      [OLD, NEW, OTHER],
    ])
      assert.equal(await keyTrouble(store, keys), null);
    assert.match((await keyTrouble(store, [NEW])) ?? '', /^2 mails are kept here sealed with another key$/);
    assert.match((await keyTrouble(store, [OLD, OTHER])) ?? '', /^1 mail is /);
    assert.match((await keyTrouble(store, [])) ?? '', /^3 mails are kept here sealed with a key, and none is set$/);
  },
);

eachStore('a body from before keys had names is tried', async ({ store }) => {
  await keep(store, OLD);
  // The older form of a body that is no longer made: what counts is that it opens or not.
  await store.db('message_bodies').update({ sealed_by: null });
  assert.equal(await keyTrouble(store, [NEW, OLD]), null);
  assert.match((await keyTrouble(store, [NEW])) ?? '', /^1 mail is /);
});

eachStore('a key may only be changed by those who still have the old one', async ({ store }) => {
  assert.equal(await publishKeys(store, [OLD], MORNING), true);
  assert.match((await keyTrouble(store, [NEW])) ?? '', /another key/);
  assert.equal(await publishKeys(store, [NEW], MORNING), false);
  assert.equal(await keyTrouble(store, []), null, 'nothing is kept');
  for (const keys of [[NEW, OLD], [OLD, NEW], [NEW, OLD], [NEW]]) {
    assert.equal(await keyTrouble(store, keys), null);
    assert.equal(await publishKeys(store, keys, MORNING), true);
  }
  assert.equal(await publishKeys(store, [OLD], MORNING), false, 'whoever has only the old one can not open new mail');
  assert.equal(await publishKeys(store, [OTHER], MORNING, true), true, 'the keys are lost');
  assert.equal(await keyTrouble(store, [OTHER]), null);
});

eachStore('of daemons that start at once with different keys, one gets its way', async ({ store, open }) => {
  const stores = [store, open(), open()];
  const keys = [OLD, NEW, OTHER];
  const won = await Promise.all(stores.map((each, n) => publishKeys(each, [keys[n] ?? ''], MORNING)));
  assert.equal(won.filter((yes) => yes).length, 1);
});

eachStore('an application seals with the key that the daemons go by, or not at all', async ({ store }) => {
  assert.equal(await keyForDaemons(store, [NEW, OLD]), NEW);
  await publishKeys(store, [OLD], MORNING);
  assert.equal(await keyForDaemons(store, [NEW, OLD]), OLD);
  assert.equal(await keyForDaemons(store, [NEW]), null);
});

import assert from 'node:assert/strict';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { record } from '../../../src/store/messages/messages.ts';
import { type Search, searchMessages } from '../../../src/store/messages/search.ts';
import { pruneMessages } from '../../../src/store/prune.ts';
import { MORNING } from '../../support/clock.ts';
import { draft, failed, policy, reported, seed } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

const at = (minutes: number) => MORNING + minutes * MINUTE;

/** The names of all messages that are found, page by page. */
async function allPages(store: Store, wanted: Partial<Search>, limit = 3): Promise<string[]> {
  const names: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const { found, next } = await searchMessages(store, { limit, ...wanted, cursor });
    names.push(...found.map((f) => f.message.message_id));
    if (next === null) return names;
    cursor = next;
  }
}

eachStore('a search goes through all messages page by page, newest first, each once', async ({ store }) => {
  for (let n = 0; n < 25; n++) await seed(store, { messageId: `${n}`, createdAt: at(n) }, at(n));
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 3; page++) {
    const { found, next } = await searchMessages(store, { limit: 10, cursor });
    seen.push(...found.map((f) => f.message.message_id));
    cursor = next ?? undefined;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, n) => `${24 - n}`),
  );
  assert.equal(cursor, undefined);
});

eachStore('a search narrows by recipient, state, class and time', async ({ store }) => {
  await seed(store, { messageId: 'a', recipients: ['Ann@example.net', 'bob@example.net'] });
  await seed(store, { messageId: 'b', class: 'access', facts: [], createdAt: at(5) }, at(5));
  await seed(store, { messageId: 'c', recipients: ['bob@example.net'], createdAt: MORNING + DAY }, MORNING + DAY);
  const search = async (over: object) => {
    const { found } = await searchMessages(store, { limit: 10, ...over });
    return found.map((f) => f.message.message_id).join('');
  };
  assert.equal(await search({}), 'cba');
  assert.equal(await search({ recipient: 'ANN@example.net' }), 'ba');
  assert.equal(await search({ state: 'accepted' }), 'ca');
  assert.equal(await search({ recipient: 'bob@example.net', state: 'queued' }), '');
  assert.equal(await search({ class: 'access' }), 'b');
  assert.equal(await search({ since: at(5) }), 'cb');
  assert.equal(await search({ until: at(5) }), 'a');
});

eachStore(
  'pages of a state show each message once, whatever class it has and how many deliveries',
  async ({ store }) => {
    const expected: string[] = [];
    for (let n = 0; n < 20; n++) {
      const kind = (['access', 'notice', 'bulk'] as const)[n % 3] ?? 'bulk';
      const recipients = Array.from({ length: 1 + (n % 4) }, (_, i) => `p${i}@example.net`);
      const views = await seed(store, { messageId: `${n}`, class: kind, recipients, createdAt: at(n) }, at(n));
      if (n % 5 === 0) continue;
      await change(
        store,
        views.map((v) => v.id),
        at(n),
        () => [reported('delivered', at(n))],
      );
      expected.unshift(`${n}`);
    }
    assert.deepEqual(await allPages(store, { state: 'delivered' }), expected);
    const newer = (name: string) => Number(name) >= 4;
    assert.deepEqual(await allPages(store, { state: 'delivered', since: at(4) }), expected.filter(newer));
    assert.deepEqual(
      await allPages(store, { state: 'delivered', until: at(4) }),
      expected.filter((name) => !newer(name)),
    );
    const access = expected.filter((name) => Number(name) % 3 === 0);
    assert.deepEqual(await allPages(store, { state: 'delivered', class: 'access' }), access);
    const second = expected.filter((name) => Number(name) % 4 > 0);
    assert.deepEqual(await allPages(store, { state: 'delivered', recipient: 'p1@example.net' }), second);
  },
);

eachStore(
  'messages stand by the time they were made, however late they were told of or added to',
  async ({ store }) => {
    await record(store, draft({ messageId: 'second', createdAt: at(2) }), at(2));
    await record(store, draft({ messageId: 'first', createdAt: at(1) }), at(9));
    const ben = { messageId: 'first', recipients: ['ben@example.net'], createdAt: at(8), facts: [] };
    await record(store, draft(ben), at(9));
    for (const wanted of [
      {},
      { recipient: 'ann@example.net' },
      { state: 'accepted' as const },
      { class: 'notice' as const },
    ])
      assert.deepEqual(await allPages(store, wanted, 1), ['second', 'first']);
    assert.deepEqual(await allPages(store, { recipient: 'ben@example.net', until: at(2) }), ['first']);
  },
);

eachStore('a message that moves to another class is found there', async ({ store }) => {
  await seed(store, { origin: 'adopted', policy: policy('notice') });
  await seed(store, { class: 'access' });
  assert.deepEqual(await allPages(store, { state: 'accepted', class: 'access' }), ['m1@mg.example.com']);
  assert.deepEqual(await allPages(store, { state: 'accepted', class: 'notice' }), []);
});

eachStore('the pages go on where they were although the last message shown is forgotten', async ({ store }) => {
  for (let n = 0; n < 4; n++) {
    const views = await seed(store, { messageId: `${n}`, createdAt: at(n) }, at(n));
    if (n === 2) await change(store, [views[0]?.id ?? ''], at(n), () => [failed(at(n), 'stop')]);
  }
  const first = await searchMessages(store, { limit: 2 });
  assert.equal(first.found[1]?.message.message_id, '2');
  assert.equal(await pruneMessages(store, MORNING + DAY, 10), 1);
  const second = await searchMessages(store, { limit: 2, cursor: first.next ?? '' });
  assert.deepEqual(
    second.found.map((f) => f.message.message_id),
    ['1', '0'],
  );
});

import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/time.ts';
import { type Before, newestAside, newestTold, toldWaiting } from '../../../src/store/inbox/history.ts';
import { keep, settle } from '../../../src/store/inbox/inbox.ts';
import { MORNING } from '../../support/clock.ts';
import { arrival } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

eachStore('what came is read back from now, each once, also what came in one moment', async ({ store }) => {
  const events = Array.from({ length: 25 }, (_, n) =>
    arrival(`e${n}`, { source: n % 2 === 0 ? 'webhook' : 'poll', receivedAt: MORNING + Math.floor(n / 10) }),
  );
  await keep(store, [...events, arrival('told', { source: 'told' })]);
  const seen: string[] = [];
  for (let before: Before | undefined, more = true; more; ) {
    const page = await newestTold(store, { before, limit: 4 });
    seen.push(...page.map(({ body }) => body));
    const last = page.at(-1);
    more = page.length === 4;
    if (last) before = { at: last.receivedAt, id: last.id };
  }
  assert.equal(new Set(seen).size, 25);
  assert.equal(seen.length, 25);
  assert.equal((await newestTold(store, { way: 'polling', limit: 100 })).length, 12);
  assert.deepEqual(await toldWaiting(store, 10), { n: 10, since: MORNING });
});

eachStore('what waits is counted, and waits since it came, also when it is tried again later', async ({ store }) => {
  assert.deepEqual(await toldWaiting(store, 10), { n: 0, since: null });
  await keep(store, [arrival('a'), arrival('b', { receivedAt: MORNING + MINUTE })]);
  const [first = ''] = await store.db('inbox').orderBy('received_at').pluck<string[]>('id');
  await settle(store, null, [{ id: first, outcome: 'retry', tries: 1, dueAt: MORNING + 9 * MINUTE, error: 'a fault' }]);
  assert.deepEqual(await toldWaiting(store, 10), { n: 2, since: MORNING });
});

eachStore('what is set aside is listed with its error, and a long body is left out', async ({ store }) => {
  await keep(store, [arrival('a'), arrival('b', { body: 'x'.repeat(70_000) })]);
  const rows: { id: string }[] = await store.db('inbox').orderBy('id');
  const [a, b] = rows.map(({ id }) => id);
  const aside = { outcome: 'set_aside', tries: 3, dueAt: MORNING + MINUTE, error: 'it holds no event' } as const;
  await settle(store, null, [{ id: b ?? '', ...aside }]);
  await settle(store, null, [{ id: a ?? '', outcome: 'done' }]);
  const found = await newestAside(store, MORNING, 10);
  assert.deepEqual(
    found.map(({ id, error, body }) => [id, error, body]),
    [[b, 'it holds no event', '']],
  );
  assert.deepEqual(await newestAside(store, MORNING + 2 * MINUTE, 10), []);
});

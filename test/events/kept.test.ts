import assert from 'node:assert/strict';
import { checkEndpoints } from '../../src/commands/doctor/endpoints.ts';
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts';
import { tellOfLost } from '../../src/events/lost.ts';
import { databaseNow } from '../../src/metrics/database.ts';
import type { Store } from '../../src/store/db/open.ts';
import { eraseDeliveries } from '../../src/store/erased.ts';
import { eventsSince, pruneEvents, replayEvents } from '../../src/store/events.ts';
import { disable, endpoints, pruneEndpoints } from '../../src/store/notes/endpoints.ts';
import { pruneMessages } from '../../src/store/prune.ts';
import { MORNING } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import { say, startScript } from '../support/http-script.ts';
import { eachStore } from '../support/stores.ts';
import { hear, idsIn, mail, posterTo } from './support.ts';

const OK = say(200, 'ok');

const counts = async ({ db }: Store): Promise<number[]> =>
  Promise.all(['events', 'event_posts'].map(async (table) => (await db(table)).length));

eachStore('a replay posts what has happened since a time once more, under the same ids', async ({ t, store }) => {
  const server = await startScript(t, OK);
  const other = await startScript(t, OK);
  const { all, clock } = posterTo(t, store, [server.url, other.url], { kinds: ['accepted', 'delivered'] });
  await all();
  await mail(store, 'old', MORNING - DAY);
  for (let n = 0; n < 210; n++) await mail(store, `m${n}`, MORNING + n);
  clock.advance(SECOND);
  await all();
  const first = idsIn(server.seen);
  assert.equal(first.length, 211);
  const [one] = await endpoints(store);
  assert.ok(one);
  assert.equal(await replayEvents(store, one, MORNING, clock()), 210);
  assert.equal(await all(), 210);
  assert.deepEqual(idsIn(server.seen).slice(211).sort(), first.slice(1).sort());
  assert.equal(other.seen.length, 211);
});

eachStore('pages of events lead from one to the next, each event on one of them', async ({ t, store }) => {
  const { all } = posterTo(t, store, ['http://127.0.0.1:1/'], { kinds: ['accepted', 'delivered', 'complained'] });
  await all();
  for (const name of ['a', 'b', 'c']) {
    const id = await mail(store, name, MORNING);
    await hear(store, id, 'delivered', MORNING);
    await hear(store, id, 'complained', MORNING + (name === 'b' ? 0 : MINUTE));
  }
  const whole = await eventsSince(store, { since: MORNING, until: MORNING + DAY, limit: 100 });
  assert.equal(whole.length, 9);
  const paged = [];
  for (let after = null; ; ) {
    const page = await eventsSince(store, { since: MORNING, until: MORNING + DAY, after, limit: 2 });
    if (page.length === 0) break;
    paged.push(...page);
    after = page.at(-1) ?? null;
  }
  assert.deepEqual(paged, whole);
  assert.equal((await eventsSince(store, { since: 0, until: MORNING + MINUTE, limit: 100 })).length, 7);
});

eachStore('with a person, and with old mail, their events go', async ({ t, store }) => {
  const { all } = posterTo(t, store, ['http://127.0.0.1:1/']);
  await all();
  const ann = await mail(store, 'ann', MORNING);
  const ben = await mail(store, 'ben', MORNING);
  await hear(store, ben, 'delivered', MORNING);
  assert.deepEqual(await counts(store), [3, 3]);
  await eraseDeliveries(store, [ann]);
  assert.deepEqual(await counts(store), [2, 2]);
  assert.equal(await pruneMessages(store, MORNING + DAY, 10), 1);
  assert.deepEqual(await counts(store), [0, 0]);
});

eachStore('events are kept for a while, posted or not, and so are endpoints that are gone', async ({ t, store }) => {
  const { all } = posterTo(t, store, ['http://127.0.0.1:1/']);
  await all();
  await mail(store, 'old', MORNING - DAY);
  await mail(store, 'new', MORNING);
  assert.equal((await pruneEvents(store, MORNING, 10)).events, 1);
  assert.deepEqual(await pruneEvents(store, MORNING, 10), { events: 0, untold: [] });
  assert.deepEqual(await counts(store), [1, 1]);
  await posterTo(t, store, []).all();
  assert.equal(await pruneEndpoints(store, MORNING), 0);
  assert.equal(await pruneEndpoints(store, MORNING + 1), 1);
});

eachStore('that events were deleted which an endpoint was not told is said, once a day', async ({ t, store }) => {
  const { all, clock } = posterTo(t, store, ['http://127.0.0.1:1/', 'http://127.0.0.1:2/']);
  await all();
  const [first, second] = await endpoints(store);
  assert.ok(first && second);
  await mail(store, 'a', MORNING - DAY);
  await mail(store, 'b', MORNING - DAY);
  await store.db('event_posts').where({ endpoint: second.id }).update({ due_at: null, done_at: MORNING });
  const found = await checkEndpoints(store, DAY, clock());
  assert.deepEqual(
    found.map(({ status }) => status),
    ['warning', 'ok'],
  );
  const waiting = (await databaseNow({ store, providers: [], now: clock() })).filter(
    ({ name }) => name === 'event_posts_waiting',
  );
  assert.deepEqual(
    waiting.map(({ value }) => value),
    [2],
  );
  assert.match(found[0]?.says ?? '', /^1 \(127\.0\.0\.1:1\) takes fewer events than there are; 2 events wait/);
  const { events, untold } = await pruneEvents(store, MORNING, 10);
  assert.deepEqual([events, untold], [2, [{ endpoint: first.id, n: 2 }]]);
  const lines: string[] = [];
  for (let n = 0; n < 2; n++) await tellOfLost(store, { untold, at: clock(), log: logInto(lines) });
  assert.equal(lines.length, 2);
  const items = await store.db('alert_items').select('kind', 'incident', 'detail');
  assert.deepEqual(
    items.map(({ kind, incident }) => [kind, incident]),
    [['events_webhook_failing', `events_webhook_failing:${first.id}`]],
  );
  assert.match(items[0].detail, /2 events are deleted/);
  await disable(store, second.id, 'it answered 410', clock());
  const [, disabled] = await checkEndpoints(store, DAY, clock());
  assert.equal(disabled?.status, 'problem');
});

eachStore('many old events go in two statements', async ({ t, store }) => {
  const { all } = posterTo(t, store, ['http://127.0.0.1:1/']);
  await all();
  for (let n = 0; n < 30; n++) await mail(store, `old-${n}`, MORNING - DAY);
  const deletes: string[] = [];
  store.db.on('query', ({ sql }: { sql: string }) => {
    if (sql.startsWith('delete')) deletes.push(sql);
  });
  assert.equal((await pruneEvents(store, MORNING, 25)).events, 25);
  assert.equal(deletes.length, 2);
  assert.deepEqual(await counts(store), [5, 5]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { disable, nameEndpoints } from '../../src/store/notes/endpoints.ts';
import { hear, mail } from '../events/support.ts';
import { ask, get, start, TOKEN } from './support.ts';

const ENDPOINT = { id: 'abc', place: 1, host: 'app.example.com', kinds: ['accepted', 'delivered'] as const };

test('events are listed for those who come to get them, page by page, once they are settled', async (t) => {
  const running = await start(t);
  const { store, clock, url } = running;
  assert.equal((await ask(`${url}/api/events`)).status, 401);
  await nameEndpoints(store, [ENDPOINT], clock());
  const ann = await mail(store, 'ann', clock());
  await hear(store, ann, 'delivered', clock());
  type Page = { events: { id: string; type: string; data: { recipient: string } }[]; next: string | null };
  const page = async (query: string) => (await get(running, `/api/events${query}`)).body as unknown as Page;
  assert.deepEqual(await page(''), { events: [], next: null });
  clock.advance(MINUTE);
  const first = await page('?limit=1');
  assert.deepEqual(
    first.events.map(({ type, data }) => [type, data.recipient]),
    [['message.accepted', 'ann@example.net']],
  );
  const second = await page(`?limit=1&after=${first.next}`);
  assert.deepEqual(
    second.events.map(({ type }) => type),
    ['message.delivered'],
  );
  assert.match(second.events[0]?.id ?? '', /^evt_/);
  // Where nothing follows, the place is kept.
  assert.deepEqual(await page(`?after=${second.next}`), { events: [], next: second.next });
  assert.deepEqual((await page(`?since=${clock()}`)).events, []);
  for (const wrong of ['?after=x', '?since=yesterday', '?limit=0', '?other=1'])
    assert.equal((await get(running, `/api/events${wrong}`)).status, 400, wrong);
});

test('how it goes with each endpoint is told, and one that was disabled is enabled and told again', async (t) => {
  const running = await start(t);
  const { store, clock, url } = running;
  const post = async (path: string, body: object = {}) => {
    const answer = await fetch(`${url}${path}`, {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const nowhere = await post('/api/events/replay', { since: '2026-11-25' });
  assert.deepEqual(
    [nowhere.status, nowhere.body['error']],
    [404, 'events are posted nowhere: EVENTS_WEBHOOK_URL is not set'],
  );
  await nameEndpoints(store, [ENDPOINT], clock());
  await mail(store, 'ann', clock());
  await disable(store, 'abc', 'it answered 410', clock());
  type Told = { endpoints: { number: number; state: string; disabledWhy: string | null; waiting: number }[] };
  const told = async () => ((await get(running, '/api/events/endpoints')).body as unknown as Told).endpoints;
  const [before] = await told();
  assert.deepEqual(
    [before?.number, before?.state, before?.disabledWhy, before?.waiting],
    [1, 'disabled', 'it answered 410', 1],
  );
  assert.equal((await post('/api/events/endpoints/2/enable')).status, 404);
  assert.deepEqual((await post('/api/events/endpoints/1/enable')).body, {
    enabled: { number: 1, host: 'app.example.com' },
  });
  assert.equal((await told())[0]?.state, 'well');
  assert.deepEqual((await post('/api/events/replay', { since: '2026-11-25', endpoint: 1 })).body, { replayed: 1 });
  assert.equal((await post('/api/events/replay', {})).status, 400);
  assert.deepEqual(await store.db('audit').orderBy('id').pluck('what'), ['endpoint_enabled', 'events_replayed']);
});

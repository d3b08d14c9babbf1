import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { claimPosts, settlePost } from '../../src/store/event-posts.ts';
import { disable, endpoints, nameEndpoints } from '../../src/store/notes/endpoints.ts';
import { hear, mail } from '../events/support.ts';
import type { Running } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { looksWell } from './look.ts';
import { loggedIn, startDashboard, wordsOf } from './support.ts';

const HOSTILE = '<script>alert(1)</script>\u202e\u001b[31m';

/** One event that was refused, and the endpoint disabled for it; and one endpoint that was told nothing yet. */
async function twoEndpoints({ store, clock }: Running): Promise<void> {
  const kinds = ['delivered'] as const;
  await nameEndpoints(
    store,
    [
      { id: 'a', place: 1, host: 'app.example.com', kinds },
      { id: 'b', place: 2, host: 'other.example.com', kinds: ['failed'] },
    ],
    clock(),
  );
  await hear(store, await mail(store, 'ann', clock()), 'delivered', clock());
  const [post] = await claimPosts(store, 'a', 1, { now: clock(), lease: MINUTE });
  assert.ok(post);
  const tried = { isDone: false, againAt: clock() + HOUR, status: 410, detail: HOSTILE, took: 37 };
  await settlePost(store, post, tried, clock());
  await disable(store, 'a', `it answered 410: ${HOSTILE}`, clock());
  clock.advance(10 * SECOND);
}

test('operators see how it goes with each endpoint, enable one and have events posted once more', async (t) => {
  const running = await startDashboard(t);
  const { store } = running;
  const [ann, bob] = [await loggedIn(running, 'support'), await loggedIn(running, 'operator')];
  assert.equal((await ann.get('/events')).status, 403);
  assert.match(wordsOf((await bob.get('/events')).text), /Events are posted nowhere/);
  await twoEndpoints(running);
  const { text } = await bob.get('/events');
  assert.match(
    wordsOf(text),
    /1: app\.example\.com How it is It is disabled, since .*: it answered 410: &lt;script&gt;/,
  );
  assert.match(wordsOf(text), /Waits for it 1 event, the oldest is due since/);
  assert.match(wordsOf(text), /delivered 410: &lt;script&gt;.* 37 ms 1 is tried again/);
  assert.match(wordsOf(text), /2: other\.example\.com How it is It takes events\. .*Nothing was posted to it yet/);
  assert.ok(!text.includes('\u202e') && !text.includes('\u001b'));

  const { token } = await ann.get('/webhooks');
  assert.equal((await ann.post('/events/1/enable', { token })).status, 403);
  const enabled = await bob.fill('/events', '/events/1/enable', {});
  assert.equal(enabled.headers.get('location'), '/events?done=endpointEnabled');
  assert.equal((await endpoints(store))[0]?.disabledAt, null);
  const replayed = await bob.fill('/events', '/events/1/replay', { since: '2h' });
  assert.equal(replayed.headers.get('location'), '/events?done=replayed&count=1');
  assert.match(wordsOf((await bob.get('/events?done=replayed&count=1')).text), /1 event is posted once more/);
  assert.equal((await bob.fill('/events', '/events/1/replay', { since: 'x' })).status, 400);
  assert.equal((await bob.fill('/events', '/events/7/enable', {})).status, 404);
  assert.deepEqual(await store.db('audit').whereIn('what', ['endpoint_enabled', 'events_replayed']).pluck('who'), [
    'operator (dashboard)',
    'operator (dashboard)',
  ]);
});

test('in a browser the page fits and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t);
  await twoEndpoints(running);
  await looksWell(t, running, 'operator', ['/events']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY } from '../../../src/core/time.ts';
import { call, DOMAIN, startByHand } from './support.ts';

test('a domain tells in v4, and only there, how many seconds mail is kept', async (t) => {
  const { sim } = await startByHand(t, { retention: DAY });
  const [v3, v4] = [await call(sim, 'GET', `/v3/domains/${DOMAIN}`), await call(sim, 'GET', `/v4/domains/${DOMAIN}`)];
  assert.deepEqual([Object(v3.body['domain']).message_ttl, Object(v4.body['domain']).message_ttl], [undefined, 86_400]);
  assert.equal((await call(sim, 'GET', '/v4/domains/other.example.com')).status, 404);
});

test('the sending queues are open', async (t) => {
  const { sim } = await startByHand(t);
  const { body } = await call(sim, 'GET', `/v3/domains/${DOMAIN}/sending_queues`);
  const open = { is_disabled: false, disabled: { until: null, reason: '' } };
  assert.deepEqual(body, { regular: open, scheduled: open });
});

test('the signing key can be read', async (t) => {
  const { sim } = await startByHand(t);
  const { body } = await call(sim, 'GET', '/v5/accounts/http_signing_key');
  assert.equal(body['http_signing_key'], 'sign-test');
});

test('v4 registers one URL for many event types, and refuses the same again with a Reason', async (t) => {
  const { sim } = await startByHand(t);
  const path = `/v4/domains/${DOMAIN}/webhooks`;
  const wish = { url: 'http://127.0.0.1:1/hook', event_types: ['accepted', 'permanent_fail'] };
  assert.equal((await call(sim, 'POST', path, wish)).status, 200);
  const again = await call(sim, 'POST', path, wish);
  assert.deepEqual([again.status, 'message' in again.body, typeof again.body['Reason']], [400, false, 'string']);
  const { body } = await call(sim, 'GET', `/v3/domains/${DOMAIN}/webhooks`);
  const hooks = Object(body['webhooks']);
  assert.deepEqual(
    [hooks.accepted, hooks.permanent_fail, hooks.delivered],
    [{ urls: [wish.url] }, { urls: [wish.url] }, null],
  );
  await call(sim, 'PUT', path, { url: wish.url, event_types: 'delivered' });
  const changed = Object((await call(sim, 'GET', `/v3/domains/${DOMAIN}/webhooks`)).body['webhooks']);
  assert.deepEqual([changed.accepted, changed.delivered], [null, { urls: [wish.url] }]);
  await call(sim, 'DELETE', `${path}?url=${encodeURIComponent(wish.url)}`);
  assert.equal(Object((await call(sim, 'GET', `/v3/domains/${DOMAIN}/webhooks`)).body['webhooks']).delivered, null);
});

test('v3 registers one event type with three URLs at most, and only names that exist', async (t) => {
  const { sim } = await startByHand(t);
  const path = `/v3/domains/${DOMAIN}/webhooks`;
  const urls = [1, 2, 3, 4].map((n) => `http://127.0.0.1:${n}/`);
  assert.equal((await call(sim, 'POST', path, { id: 'failed', url: urls.slice(0, 1) })).status, 400);
  assert.equal((await call(sim, 'POST', path, { id: 'delivered', url: urls })).status, 400);
  assert.equal((await call(sim, 'POST', path, { id: 'delivered', url: urls.slice(0, 3) })).status, 200);
  assert.equal((await call(sim, 'POST', path, { id: 'delivered', url: urls.slice(0, 1) })).status, 400);
});

test('a suppression list is filled by form, read and cleared', async (t) => {
  const { sim } = await startByHand(t);
  const path = `/v3/${DOMAIN}/unsubscribes`;
  assert.deepEqual((await call(sim, 'POST', path, { address: 'Ann@example.net', tag: 'news' })).body, {
    message: 'Address has been added to the unsubscribes table',
    address: 'ann@example.net',
  });
  assert.equal((await call(sim, 'POST', path, { tag: 'news' })).status, 400);
  const { body } = await call(sim, 'GET', path);
  assert.deepEqual(Object(body['items'])[0].tags, ['news']);
  assert.equal((await call(sim, 'DELETE', path)).status, 200);
  const empty = await call(sim, 'GET', path);
  assert.deepEqual(empty.body['items'], []);
  assert.match(Object(empty.body['paging']).next, /^http:/);
});

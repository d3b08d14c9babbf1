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

test('a change of a webhook is held to names that exist and to three URLs too', async (t) => {
  const { sim } = await startByHand(t);
  const urls = [1, 2, 3, 4].map((n) => `http://127.0.0.1:${n}/`);
  const path = `/v3/domains/${DOMAIN}/webhooks`;
  await call(sim, 'POST', path, { id: 'delivered', url: urls.slice(0, 3) });
  assert.equal((await call(sim, 'PUT', `${path}/delivered`, { url: urls })).status, 400);
  assert.equal((await call(sim, 'PUT', `${path}/delivered`, {})).status, 400);
  const v4 = `/v4/domains/${DOMAIN}/webhooks`;
  await call(sim, 'POST', v4, { url: urls[3] ?? '', event_types: 'opened' });
  const full = await call(sim, 'PUT', v4, { url: urls[3] ?? '', event_types: ['opened', 'delivered'] });
  assert.deepEqual([full.status, typeof full.body['Reason']], [400, 'string']);
  const same = { url: urls[0] ?? '', event_types: ['delivered', 'clicked'] };
  assert.equal((await call(sim, 'PUT', v4, same)).status, 200);
});

test('a suppression list is walked both ways', async (t) => {
  const { sim } = await startByHand(t);
  const path = `/v3/${DOMAIN}/bounces`;
  for (const name of 'abcde') await call(sim, 'POST', path, { address: `${name}@example.net` });
  const read = async (url: string): Promise<[string, Record<string, string>]> => {
    const { body } = await call(sim, 'GET', url);
    const items: { address: string }[] = Object(body['items']);
    return [items.map(({ address }) => address[0]).join(''), Object(body['paging'])];
  };
  const [first, { next = '', last = '' }] = await read(`${path}?limit=2`);
  const [second, { previous = '', next: third = '' }] = await read(next);
  assert.deepEqual([first, second], ['ab', 'cd']);
  assert.deepEqual([(await read(previous))[0], (await read(third))[0], (await read(last))[0]], ['ab', 'e', 'de']);
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

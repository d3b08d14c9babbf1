import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { MORNING } from '../support/clock.ts';
import { ask, get, start, TOKEN } from './support.ts';

const addresses = (body: Record<string, unknown>) =>
  (body['suppressions'] as { address: string }[]).map(({ address }) => address);

test('the suppression list needs a token, is read page by page, and searched by address', async (t) => {
  const running = await start(t);
  for (const name of ['a', 'b', 'c'])
    await addSuppression(running.store, { address: `${name}@x.test`, who: 'test', reason: 'why' }, MORNING);
  assert.equal((await ask(`${running.url}/api/suppressions`)).status, 401);
  const first = await get(running, '/api/suppressions?limit=2');
  assert.deepEqual(addresses(first.body), ['a@x.test', 'b@x.test']);
  const next = await get(running, `/api/suppressions?limit=2&cursor=${encodeURIComponent(String(first.body['next']))}`);
  assert.deepEqual([addresses(next.body), next.body['next']], [['c@x.test'], null]);
  const one = await get(running, '/api/suppressions?address=B@x.test');
  assert.deepEqual(one.body['suppressions'], [
    { address: 'b@x.test', cause: 'operator', reply: 'why', delivery: null, createdAt: '2026-11-25T09:00:00.000Z' },
  ]);
  assert.equal((await get(running, '/api/suppressions?limit=0')).status, 400);
});

test('an address is taken off once, with a token, and the audit says by whom', async (t) => {
  const running = await start(t);
  await addSuppression(running.store, { address: "o'neil+x@x.test", who: 'test', reason: null }, MORNING);
  const path = `${running.url}/api/suppressions/${encodeURIComponent("O'Neil+x@x.test")}`;
  const headers = { Authorization: `Bearer ${TOKEN}` };
  assert.equal((await ask(path, { method: 'DELETE' })).status, 401);
  assert.equal((await ask(path, { method: 'DELETE', headers })).status, 200);
  assert.equal((await ask(path, { method: 'DELETE', headers })).status, 404);
  assert.equal((await ask(`${running.url}/api/suppressions/nobody`, { method: 'DELETE', headers })).status, 404);
  const rows = await running.store.db('audit').where({ what: 'suppression_remove' });
  assert.deepEqual(
    rows.map((r) => [r.who, r.subject]),
    [['api', 'o***@x.test']],
  );
});

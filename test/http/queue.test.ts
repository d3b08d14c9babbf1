import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeHealth } from '../../src/store/change-health.ts';
import { queueMail, startByHand } from '../support/homing.ts';
import { ask, get, start } from './support.ts';

test('the queue needs a token, and says of each class what waits', async (t) => {
  const running = await start(t);
  assert.equal((await ask(`${running.url}/api/queue`)).status, 401);
  const none = { waiting: 0, due: 0, oldestSeconds: null, clearSeconds: 0 };
  assert.deepEqual((await get(running, '/api/queue')).body, {
    classes: { access: none, notice: none, bulk: none },
    providers: [],
  });
});

test('all providers are told of, and since when they are as they are', async (t) => {
  const running = await start(t);
  assert.equal((await ask(`${running.url}/api/providers`)).status, 401);
  const told = async () => (await get(running, '/api/providers')).body;
  const standing = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 } as const;
  const change = { state: 'recovering', share: 5, evidence: 'seen' } as const;
  await changeHealth(running.store, 'mailgun', { before: standing, change }, running.clock());
  const since = new Date(running.clock()).toISOString();
  assert.deepEqual(await told(), { providers: [{ name: 'mailgun', state: 'recovering', share: 5, since }] });
  const homing = await startByHand(t);
  const answer = await fetch(`${homing.url}/api/providers`, { headers: { authorization: 'Bearer token' } });
  const { providers } = (await answer.json()) as { providers: object[] };
  assert.deepEqual(providers[0], { name: 'mailgun', state: 'healthy', share: 100, since: null });
  assert.equal(providers.length, 2, 'the secondary too');
});

test('mail that waits is counted until it has left', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const headers = { authorization: 'Bearer token' };
  type Answer = { classes: Record<string, { waiting: number; due: number; oldestSeconds: number | null }> };
  const queue = async () => (await (await fetch(`${homing.url}/api/queue`, { headers })).json()) as Answer;
  for (const n of [1, 2, 3]) await queueMail(homing, `p${n}@example.org`, { 'v:homing-class': 'access' });
  homing.clock.set(homing.clock() + 7000);
  const { classes } = await queue();
  assert.deepEqual(classes['access'], { waiting: 3, due: 3, oldestSeconds: 7, clearSeconds: null });
  await homing.play(homing.clock() + 60_000);
  assert.equal((await queue()).classes['access']?.waiting, 0);
});

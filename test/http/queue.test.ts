import assert from 'node:assert/strict';
import { test } from 'node:test';
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

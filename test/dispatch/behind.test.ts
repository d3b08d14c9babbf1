import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { createBehind } from '../../src/dispatch/behind.ts';
import { readTo, setCursor } from '../../src/store/notes/cursors.ts';
import { DOMAIN, only, queueMail, startByHand } from '../support/homing.ts';

test('mail that this daemon took does not wait for records, although it began to work a moment later', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const { store, clock } = homing;
  const { providers } = homing.inside;
  await setCursor(store, readTo('head', 'mailgun', DOMAIN), '', clock() - MINUTE);
  const startedAt = clock();
  clock.set(startedAt + SECOND);
  const view = await only(homing, await queueMail(homing, 'ann@example.org'));
  clock.set(startedAt + 2 * SECOND);
  const deps = { store, providers, now: clock };
  assert.equal((await createBehind({ ...deps, startedAt })([view], clock())).size, 0);
  const ofAnother = await createBehind(deps)([view], clock());
  assert.deepEqual([...ofAnother], [view.id], 'mail of another daemon, or from a backup, waits');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addRetryCommand } from '../../src/commands/retry.ts';
import { addSuppressionsCommand } from '../../src/commands/suppressions.ts';
import { MINUTE } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';
import { failed, seed, sent } from '../support/factory.ts';
import { database, runHere } from './support.ts';

test('lists, removes and adds addresses, and a retry asks for the removal first', async (t) => {
  const { store, url } = await database(t);
  const env = { DATABASE_URL: url };
  const now = () => MORNING + 5 * MINUTE;
  const run = (...args: string[]) => runHere(addSuppressionsCommand, ['suppressions', ...args], env, now);
  const facts = [...sent(), failed(MORNING + MINUTE, 'stop', { suppress: 'recipient_unknown' })];
  const [view] = await seed(store, { recipients: ['ann@example.net'], facts });
  assert.ok(view);
  const shown = (await run('list')).out;
  assert.match(shown, /^ann@example\.net {2}recipient_unknown since 2026-11-25T09:01:00\.000Z\n/);
  assert.match(shown, /reply: 550 5\.7\.1 blocked\n {4}homing explain [0-9A-Z]{26}\n/);
  assert.equal(JSON.parse((await run('list', '--json')).out).delivery, view.id);

  const retry = () => runHere(addRetryCommand, ['retry', view.id], env, now);
  const refused = await retry();
  assert.equal(refused.code, 1);
  assert.match(refused.err, /on the suppression list: take it off first \(homing suppressions\)/);
  assert.equal((await run('remove', 'Ann@Example.net')).code, 0);
  assert.match((await retry()).out, /^1 delivery is open again/);

  assert.equal((await run('remove', 'ann@example.net')).code, 1);
  assert.match((await run('list')).out, /^The list is empty/);
  assert.match((await run('add', 'bob@example.net', '--reason', 'asked by phone')).out, /^Added/);
  assert.match((await run('add', 'bob@example.net')).out, /already/);
  assert.equal((await run('add', 'nobody')).code, 2);
  assert.match(
    (await run('list', '--address', 'BOB@example.net')).out,
    /operator since .*\n {4}reply: asked by phone\n/,
  );
});

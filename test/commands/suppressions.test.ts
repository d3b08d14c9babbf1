import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addRetryCommand } from '../../src/commands/retry.ts';
import { addSuppressionsCommand } from '../../src/commands/suppressions.ts';
import { MINUTE } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';
import { ended, failed, seed, sent } from '../support/factory.ts';
import { DOMAIN, database, KEY, mailgun, runHere } from './support.ts';

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

/** Puts an address on Mailgun's lists. */
async function listAt(url: string, address: string, lists: readonly string[]): Promise<void> {
  for (const list of lists) {
    const headers = { authorization: `Basic ${Buffer.from(`api:${KEY}`).toString('base64')}` };
    const body = new URLSearchParams({ address });
    assert.equal((await fetch(`${url}/v3/${DOMAIN}/${list}`, { method: 'POST', headers, body })).status, 200);
  }
}

const LISTS = ['bounces', 'complaints', 'unsubscribes'] as const;

test("takes an address off Mailgun's own lists, as the reason demands, and says what it did", async (t) => {
  const { store, url } = await database(t);
  const { sim, env } = await mailgun(t);
  const run = (...args: string[]) =>
    runHere(addSuppressionsCommand, ['suppressions', ...args], { DATABASE_URL: url, ...env });
  const left = (address: string) =>
    LISTS.filter((list) => sim.suppressed(DOMAIN, list).some((entry) => entry.address === address));
  const cases = [
    ['recipient_unknown', [], ['complaints', 'unsubscribes'], 'bounces'],
    ['complained', [], ['bounces', 'unsubscribes'], 'complaints'],
    ['unsubscribed', [], ['bounces', 'complaints'], 'unsubscribes'],
    ['recipient_unknown', ['--lists', LISTS.join(',')], [], 'complaints'],
  ] as const;
  for (const [n, [cause, options, stay, gone]] of cases.entries()) {
    const address = `p${n}+x@example.net`;
    await store.db('suppressions').insert({ address_key: address, cause, created_at: MORNING });
    await listAt(sim.url, address, LISTS);
    const { code, out } = await run('remove', address, '--at-mailgun', ...options);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`Mailgun, mg\\.example\\.com: taken off the ${gone}\\.`));
    assert.deepEqual(left(address), stay);
  }
  assert.equal((await store.db('suppressions')).length, 0);
  assert.equal((await store.db('audit').where({ what: 'suppression_remove_at_mailgun' })).length, 4);
  const again = await run('remove', 'p0+x@example.net', '--at-mailgun', '--json');
  const nothing = { removed: null, atMailgun: [{ domain: DOMAIN, list: 'bounces', removed: false }] };
  assert.deepEqual(JSON.parse(again.out), nothing);
});

test('where Mailgun refuses, our own list stays as it is, and the error says why', async (t) => {
  const { store, url } = await database(t);
  const { env } = await mailgun(t);
  await store.db('suppressions').insert({ address_key: 'a@example.net', cause: 'recipient_unknown', created_at: 1 });
  const run = (more: object, ...args: string[]) =>
    runHere(addSuppressionsCommand, ['suppressions', 'remove', 'a@example.net', ...args], {
      ...{ DATABASE_URL: url, ...env },
      ...more,
    });
  const wrongKey = await run({ MAILGUN_API_KEY: 'key-wrong-wrong' }, '--at-mailgun');
  assert.deepEqual([wrongKey.code, wrongKey.out], [1, '']);
  assert.match(wrongKey.err, /mg\.example\.com, bounces: Mailgun did not answer for the removal of a bounce: 401/);
  assert.match(wrongKey.err, /Our own list was left as it is/);
  assert.equal((await run({ MAILGUN_DOMAIN: 'other.example' }, '--at-mailgun')).code, 1);
  assert.equal((await run({}, '--at-mailgun', '--lists', 'bounce')).code, 2);
  assert.equal((await run({}, '--lists', 'bounces')).code, 2);
  assert.equal((await run({ MAILGUN_API_KEY: '' }, '--at-mailgun')).code, 78);
  assert.equal((await store.db('suppressions')).length, 1);
  const plain = await run({});
  assert.match(plain.out, /Mailgun's own lists may hold it/);
});

test('a retry of what nobody has a copy of is an error, and no second alert', async (t) => {
  const { store, url } = await database(t);
  const gone = ended(1, MORNING + MINUTE, 'abandoned', 'storage_gone');
  const [view] = await seed(store, { facts: [...sent(), failed(MORNING + MINUTE), gone] });
  const [never] = await seed(store, {
    messageId: 'never@mg.example.com',
    facts: [ended(0, MORNING + MINUTE, 'abandoned', 'nothing_to_send')],
  });
  for (const one of [view, never]) {
    const { code, out, err } = await runHere(addRetryCommand, ['retry', one?.id ?? ''], { DATABASE_URL: url });
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^No copy of the message is kept any more/);
  }
  assert.deepEqual(await store.db('facts').where({ kind: 'reopened' }), []);
});

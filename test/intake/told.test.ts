import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { catchUp, fileTold, keepChecked, keepTold } from '../../src/intake/told.ts';
import { readTold } from '../../src/intake/told-message.ts';
import type { Store } from '../../src/store/db/open.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { telling } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const settings = settingsOf(readConfig({}, 'database'));
const NOW = Date.UTC(2026, 10, 25, 9);

const told = (store: Store): Promise<{ pending: number; outcome: string; error: string | null }[]> =>
  store.db('inbox').where({ source: 'told' }).select('pending', 'outcome', 'error');

const fileAt = (store: Store, now: number) =>
  fileTold({ store, settings, now: () => now, log: { warn: () => {} } as never });

eachStore('what was told is kept once, and a message after the digest', async ({ store }) => {
  const [one, two] = [telling(1, { state: 'sending' }), telling(2)];
  await keepTold(store, [one, two], NOW);
  await keepTold(store, [one], NOW + 5);
  assert.equal((await told(store)).length, 2);
  assert.equal(await findMessage(store, '<1@mg.example.com>'), null);
  assert.equal(await fileAt(store, NOW + 60_000), 2);
  assert.deepEqual(await told(store), []);
  const claim = (await findMessage(store, '<1@mg.example.com>'))?.views[0]?.facts[0];
  // The lease of the call runs from when it was told, however late the digest is.
  assert.equal(claim?.kind === 'claimed' && claim.leaseUntil, NOW + settings.lease);
});

eachStore('what no store will take is set aside with its reason and keeps none of the others', async ({ store }) => {
  await keepTold(store, [telling(1), { torn: true }, telling(3)], NOW);
  await fileAt(store, NOW);
  const [aside, ...more] = await told(store);
  assert.deepEqual(more, []);
  assert.equal(aside?.outcome, 'set_aside');
  assert.match(String(aside?.error), /messageId/);
  assert.ok(await findMessage(store, '<3@mg.example.com>'));
});

eachStore('what comes from outside is checked before it is kept', async ({ store }) => {
  const deep = JSON.parse('{"a":'.repeat(10_000) + '1'.concat('}'.repeat(10_000))) as object;
  const answers = await keepChecked({ store, settings }, [telling(1), { torn: true }, telling(2, { more: deep })], NOW);
  assert.deepEqual(
    answers.map((a) => a?.code ?? null),
    [null, 'invalid', 'invalid'],
  );
  assert.equal((await told(store)).length, 1);
});

test('a folded header is one line in what is told', () => {
  const folded = { from: 'Shop\r\n\t<shop@mg.example.com>', to: 'Ann\t<ann@example.org>,\r\n bee@example.net' };
  const { from, to } = readTold(telling(1, folded), []);
  assert.deepEqual([from, to], ['Shop <shop@mg.example.com>', ['ann@example.org', 'bee@example.net']]);
  for (const wrong of [{ from: 'a\r\nb' }, { to: 'a@b.example\r\nc@d.example' }])
    assert.throws(() => readTold(telling(1, wrong), []), { code: 'invalid' });
});

eachStore('a question finds what was told a moment ago, also while a daemon is at work on it', async ({ store }) => {
  await keepTold(
    store,
    Array.from({ length: 450 }, (_, n) => telling(n)),
    NOW,
  );
  await store.db('inbox').update({ due_at: NOW + 60_000, lease: 'x' });
  await catchUp({ store, settings }, NOW);
  assert.deepEqual(await told(store), []);
  assert.ok(await findMessage(store, '<449@mg.example.com>'));
  await catchUp({ store, settings }, NOW);
});

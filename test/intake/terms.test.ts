import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { publishTerms, termsIn } from '../../src/intake/terms.ts';
import { setCursor } from '../../src/store/notes/cursors.ts';
import { eachStore, testStore } from '../support/stores.ts';

const { policies, lease, outageWindow } = settingsOf(readConfig({}, 'database'));

test('where no daemon has been started messages are taken in by the defaults', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  assert.deepEqual(await termsIn(store), { policies, lease, outageWindow, domains: null });
});

eachStore('messages are taken in by what the last daemon that started goes by', async ({ store }) => {
  const domains = Array.from({ length: 300 }, (_, n) => `mail-${n}.example.com`);
  const first = { policies, lease, outageWindow, domains: ['old.example.com'] };
  const second = { policies: { ...policies, maxAttempts: 3 }, lease: 5000, outageWindow: 7000, domains };
  await publishTerms(store, first, 1);
  await publishTerms(store, second, 2);
  assert.deepEqual(await termsIn(store), second);
});

test('a policy that the daemon of an older version does not know has its default', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  await setCursor(store, 'terms', JSON.stringify({ policies: { maxAttempts: 3 } }), 1);
  assert.deepEqual(await termsIn(store), {
    policies: { ...policies, maxAttempts: 3 },
    lease,
    outageWindow,
    domains: null,
  });
});

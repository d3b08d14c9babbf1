import assert from 'node:assert/strict';
import { AppError } from '../../src/base/errors.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { recordMessage } from '../../src/intake/record.ts';
import { recordBatch } from '../../src/intake/record-batch.ts';
import type { Store } from '../../src/store/db/open.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { telling } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const settings = settingsOf(readConfig({}, 'database'));
const NOW = Date.UTC(2026, 10, 25, 9);
const TOLD = [
  telling(1, { state: 'sending' }),
  telling(1),
  telling(2, { to: ['ann@example.org', 'ANN@example.org', 'bee@example.net'] }),
  telling(2, { to: ['cid@example.com'] }),
  telling(3, { key: 'k', createdAt: NOW - 2 }),
  telling(4, { key: 'k', createdAt: NOW - 1 }),
  telling(5, { state: 'refused', error: { status: 400, message: 'no' } }),
  telling(6, { id: '01M8000000000000000000000A' }),
];

const AT_ONCE = TOLD.map((told) => ({ told, at: NOW }));

/** Everything that matters of all messages. */
async function picture(store: Store): Promise<string[]> {
  const lines: string[] = [];
  for (let n = 1; n <= 6; n++) {
    const found = await findMessage(store, `<${n}@mg.example.com>`);
    for (const { recipient, delivery, facts } of found?.views ?? [])
      lines.push(`${n} ${recipient} ${delivery.state} ${facts.map((f) => f.key).sort()}`);
  }
  return lines.sort();
}

eachStore(
  'a batch comes to the same as its records one by one, also when it is told twice',
  async ({ store, open }) => {
    for (const one of TOLD) await recordMessage({ store, settings }, one, NOW);
    const expected = await picture(store);
    assert.equal(expected.length, 8);
    for (const table of ['facts', 'due', 'deliveries', 'messages']) await store.db(table).delete();
    const other = open();
    await Promise.all([
      recordBatch({ store, settings }, AT_ONCE, NOW),
      recordBatch({ store: other, settings }, AT_ONCE, NOW),
    ]);
    await recordBatch({ store, settings }, AT_ONCE, NOW);
    assert.deepEqual(await picture(store), expected);
  },
);

eachStore('what is wrong with one record keeps none of the others', async ({ store }) => {
  await recordMessage({ store, settings }, telling(6, { id: '01M8000000000000000000000A' }), NOW);
  const told = [telling(1), { torn: true }, null, telling(2, { id: '01M8000000000000000000000A' }), telling(3)];
  const tellings = told.map((one) => ({ told: one, at: NOW }));
  const answers = await recordBatch({ store, settings }, tellings, NOW);
  assert.deepEqual(
    answers.map((a) => (a instanceof AppError ? a.code : a)),
    [null, 'invalid', 'invalid', 'conflict', null],
  );
  assert.equal((await picture(store)).length, 3);
});

eachStore('a message in test mode of Mailgun has a policy without any other provider', async ({ store }) => {
  await recordBatch(
    { store, settings },
    [
      { told: telling(7, { test: true, class: 'access' }), at: NOW },
      { told: telling(8, { test: false, class: 'access' }), at: NOW },
    ],
    NOW,
  );
  const policies: string[] = await store.db('messages').orderBy('id').pluck('policy');
  assert.deepEqual(
    policies.map((policy) => (JSON.parse(policy) as { fallback: boolean }).fallback),
    [false, true],
  );
});

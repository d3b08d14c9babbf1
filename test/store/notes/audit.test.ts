import assert from 'node:assert/strict';
import { DAY } from '../../../src/core/time.ts';
import { auditWithin } from '../../../src/store/notes/audit.ts';
import { MORNING } from '../../support/clock.ts';
import { eachStore } from '../../support/stores.ts';

const entry = (what = 'unsuppress') => ({ who: 'homing', what, subject: null, detail: null });

eachStore('what may be done ten times a day is done ten times, however many try at once', async ({ store, open }) => {
  const stores = [store, open(), open(), open()];
  const budget = { most: 10, since: MORNING - DAY };
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) => auditWithin(stores[n % 4] ?? store, MORNING, entry(), budget)),
  );
  assert.equal(answers.filter((may) => may).length, 10);
  assert.equal((await store.db('audit')).length, 10);
  assert.equal(await auditWithin(store, MORNING, entry('other'), budget), true, 'another act has a budget of its own');
  const removal = { ...entry('removal'), subject: 'a***@example.com', detail: 'of attempt 2' };
  const once = { ...budget, most: 1 };
  for (const _ of ['done', 'tried again']) assert.equal(await auditWithin(store, MORNING, removal, once), true);
  assert.equal(await auditWithin(store, MORNING, { ...removal, detail: 'of attempt 3' }, once), false);
  const tomorrow = MORNING + DAY + 1;
  assert.equal(await auditWithin(store, tomorrow, entry(), { most: 10, since: tomorrow - DAY }), true);
});

import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/time.ts';
import { raise } from '../../../src/store/alerts.ts';
import { addUp, deleteBy, insertNew, insertRows, putRows } from '../../../src/store/db/statements.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { rememberDomains } from '../../../src/store/messages/domains.ts';
import { addSuppression } from '../../../src/store/projections/suppressions.ts';
import { MORNING } from '../../support/clock.ts';
import { ended, seed } from '../../support/factory.ts';
import { eachStore, onMariaDb } from '../../support/stores.ts';

const at = (minutes: number) => MORNING + minutes * MINUTE;
const row = (name: string, value = '', time = 0) => ({ name, value, at: time });

eachStore('of rows that are there already the first one stays, however many come at once', async ({ store }) => {
  const names = Array.from({ length: 700 }, (_, n) => `name-${n}`);
  await insertNew(store.db, 'cursors', row('name-3', 'first'), 'name');
  await insertNew(
    store.db,
    'cursors',
    names.map((name) => row(name, 'second')),
    'name',
  );
  await insertNew(store.db, 'cursors', [], 'name');
  const kept: { name: string; value: string }[] = await store.db('cursors');
  assert.equal(kept.length, 700);
  assert.deepEqual(
    kept.filter((r) => r.value === 'first').map((r) => r.name),
    ['name-3'],
  );
  assert.equal(await store.db.transaction((tx) => deleteBy(tx, 'cursors', 'name', names)), 700);
});

eachStore('of rows that are there already the named columns change, or are added to', async ({ store }) => {
  const kept = async () => (await store.db('cursors').orderBy('name')) as object[];
  await insertRows(store.db, 'cursors', [row('a', 'first', 1), row('b', 'first', 1)]);
  await putRows(store.db, 'cursors', [row('b', 'second', 2), row('c', 'second', 2)], { key: 'name', columns: ['at'] });
  assert.deepEqual(await kept(), [row('a', 'first', 1), row('b', 'first', 2), row('c', 'second', 2)]);
  await addUp(store.db, { table: 'cursors', keys: ['name'], sums: ['at'] }, [row('a', '', 10), row('d', '', 10)]);
  assert.deepEqual(await kept(), [
    row('a', 'first', 11),
    row('b', 'first', 2),
    row('c', 'second', 2),
    row('d', '', 10),
  ]);
  await assert.rejects(insertRows(store.db, 'cursors', [row('e'), row('a')]));
  assert.equal((await kept()).length, 4);
});

onMariaDb('a row that does not fit is refused and not cut, wherever rows are left alone', async ({ store }) => {
  const tooLong = { code: 'ER_DATA_TOO_LONG' };
  await assert.rejects(insertNew(store.db, 'cursors', row('x'.repeat(192)), 'name'), tooLong);
  await assert.rejects(rememberDomains(store, [`${'x'.repeat(250)}.test`]), tooLong);
  await assert.rejects(
    addSuppression(store, { address: `${'x'.repeat(320)}@x.test`, who: 'test', reason: null }, MORNING),
    tooLong,
  );
  for (const table of ['cursors', 'domains', 'suppressions']) assert.deepEqual(await store.db(table), []);
});

eachStore('what is told of the longest domain has a name that fits, and two stay two', async ({ store }) => {
  const long = (end: string) => `${'x'.repeat(240)}.${end}.example`;
  const raised = { kind: 'schedule_switched' as const, at: MORNING, detail: null };
  for (const end of ['one', 'two', 'one']) {
    const name = `schedule_switched:${long(end)}`;
    await raise(store, { item_key: name, incident: name, ...raised });
  }
  for (const end of ['one', 'two']) {
    const [view] = await seed(store, { domain: long(end) });
    await change(store, [view?.id ?? ''], at(1), () => [ended(1, at(1), 'abandoned', 'storage_gone')]);
  }
  const items: { incident: string }[] = await store.db('alert_items').select('incident');
  assert.deepEqual([items.length, new Set(items.map((i) => i.incident)).size], [4, 4]);
});

import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import {
  type AlertItem,
  alertFailed,
  alertSent,
  alertsWaiting,
  bundle,
  lastAlertAt,
  raise,
  takeAlerts,
  untold,
} from '../../src/store/alerts.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { at } from '../support/clock.ts';
import { ended, seedMany } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const INCIDENT = 'gave_up:mg.example.com';
const compose = (_: AlertItem[], __: unknown, count: number) => ({
  subject: `${count}`,
  body: 'words',
  avoid: ['mailgun'],
});

/** That many abandoned deliveries, all untold. */
async function abandoned(store: Store, n: number): Promise<void> {
  const ids = (await seedMany(store, n)).map((v) => v.id);
  await change(store, ids, at(1), () => [ended(1, at(1), 'abandoned', 'storage_gone')]);
}

eachStore('many deliveries of one incident are one alert with a count', async ({ store }) => {
  await abandoned(store, 30);
  assert.deepEqual(await untold(store, 10), [{ incident: INCIDENT, since: at(1), latest: at(1) }]);
  let shown = 0;
  const told = await bundle(store, INCIDENT, at(2), (items, views, count) => {
    shown = items.length;
    assert.equal(views.size, items.length);
    return compose(items, views, count);
  });
  assert.deepEqual([told, shown], [30, 20]);
  assert.deepEqual(await untold(store, 10), []);
  assert.equal(await lastAlertAt(store, INCIDENT), at(2));
  const [alert] = await takeAlerts(store, at(2), 10, MINUTE);
  assert.deepEqual([alert?.subject, alert?.count, alert?.avoid], ['30', 30, ['mailgun']]);
  assert.equal(await bundle(store, INCIDENT, at(3), compose), 0, 'with nothing untold there is no alert');
});

eachStore('each thing is told in exactly one alert, however many processes tell at once', async ({ store, open }) => {
  await abandoned(store, 25);
  const stores = [store, open(), open(), open()];
  const told = await Promise.all(stores.map((s) => bundle(s, INCIDENT, at(2), compose)));
  assert.equal(
    told.reduce((sum, n) => sum + n, 0),
    25,
  );
  assert.deepEqual(
    told.filter((n) => n > 0),
    [25],
  );
  const alerts = await Promise.all(stores.map((s) => takeAlerts(s, at(2), 10, MINUTE)));
  assert.equal(alerts.flat().length, 1, 'and is sent by one');
});

eachStore('what is raised twice under one key is told once', async ({ store }) => {
  const item = {
    item_key: 'webhooks_silent:1',
    incident: 'webhooks_silent',
    kind: 'webhooks_silent' as const,
    at: at(1),
    detail: 'x',
  };
  for (const _ of [1, 2]) await raise(store, item);
  assert.equal(await bundle(store, 'webhooks_silent', at(2), compose), 1);
  await raise(store, item);
  assert.deepEqual(await untold(store, 10), []);
});

eachStore('an alert that could not be sent is taken again at its time, and none that was', async ({ store }) => {
  await abandoned(store, 1);
  await bundle(store, INCIDENT, at(2), compose);
  const [alert] = await takeAlerts(store, at(2), 10, 30 * SECOND);
  assert.ok(alert);
  assert.deepEqual(await takeAlerts(store, at(2), 10, 30 * SECOND), [], 'while its lease runs');
  await alertFailed(store, alert.id, 1, at(5), 'refused');
  assert.deepEqual(await takeAlerts(store, at(4), 10, MINUTE), []);
  assert.equal((await takeAlerts(store, at(5), 10, MINUTE))[0]?.tries, 1);
  assert.equal(await alertsWaiting(store), 1);
  await alertSent(store, alert.id, at(6));
  assert.deepEqual([await alertsWaiting(store), await takeAlerts(store, at(99), 10, MINUTE)], [0, []]);
});

eachStore('who takes an alert waits for another writer', async ({ store, open }) => {
  await abandoned(store, 1);
  await bundle(store, INCIDENT, at(2), compose);
  const writer = await open().db.transaction();
  await writer('cursors').insert({ name: 'busy', value: '', at: 0 });
  // The other writer ends only after we have tried to write.
  const ended = new Promise((resolve) => {
    store.db.on('query', ({ sql }: { sql: string }) => {
      if (/^(?:update|BEGIN)/.test(sql)) setImmediate(() => resolve(writer.commit()));
    });
  });
  assert.equal((await takeAlerts(store, at(2), 10, MINUTE)).length, 1);
  await ended;
});

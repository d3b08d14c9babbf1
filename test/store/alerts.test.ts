import assert from 'node:assert/strict';
import { listAlerts } from '../../src/store/alert-list.ts';
import { alertFailed, alertSent, holdAlert, raise, takeAlert } from '../../src/store/alerts.ts';
import type { Store } from '../../src/store/db/open.ts';
import { openIncidents, untold } from '../../src/store/incidents.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import type { Told } from '../../src/store/take-step.ts';
import { at } from '../support/clock.ts';
import { ended, seedMany } from '../support/factory.ts';
import { bundle } from '../support/incidents.ts';
import { eachStore } from '../support/stores.ts';

/** For a minute from then on. */
const during = (minutes: number) => ({ now: at(minutes), until: at(minutes + 1) });
const INCIDENT = 'gave_up:mg.example.com';
const compose = ({ count }: Told) => ({
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
  assert.deepEqual(
    [...(await untold(store, 10))],
    [[INCIDENT, { count: 30, since: at(1), latest: at(1), class: 'notice' }]],
  );
  let shown = 0;
  const told = await bundle(store, INCIDENT, at(2), (bundled) => {
    shown = bundled.items.length;
    assert.equal(bundled.views.size, shown);
    return compose(bundled);
  });
  assert.deepEqual([told, shown], [30, 20]);
  assert.equal((await untold(store, 10)).size, 0);
  assert.deepEqual(
    (await openIncidents(store)).map(({ name, items, openedAt }) => [name, items, openedAt]),
    [[INCIDENT, 30, at(2)]],
  );
  const alert = await takeAlert(store, during(2));
  assert.deepEqual([alert?.subject, alert?.count, alert?.avoid], ['30', 30, ['mailgun']]);
  assert.equal(await bundle(store, INCIDENT, at(3), compose), 0, 'with nothing untold there is no alert');
});

eachStore('an alert whose subject is longer than a line is made all the same', async ({ store }) => {
  await abandoned(store, 1);
  const long = () => ({ subject: 'x'.repeat(300), body: 'words', avoid: [] });
  assert.equal(await bundle(store, INCIDENT, at(2), long), 1);
  const alert = await takeAlert(store, during(2));
  assert.match(alert?.subject ?? '', /^x{254}…$/);
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
  const alerts = await Promise.all(stores.map((s) => takeAlert(s, during(2))));
  assert.equal(alerts.filter((a) => a !== null).length, 1, 'and is sent by one');
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
  assert.equal((await untold(store, 10)).size, 0);
});

eachStore('an alert that could not be sent is taken again at its time, and none that was', async ({ store }) => {
  await abandoned(store, 1);
  await bundle(store, INCIDENT, at(2), compose);
  const alert = await takeAlert(store, during(2));
  assert.ok(alert);
  assert.equal(await takeAlert(store, during(2.5)), null, 'while its lease runs');
  await alertFailed(store, alert, at(5), 'refused');
  assert.equal(await takeAlert(store, during(4)), null);
  const again = await takeAlert(store, during(5));
  assert.equal(again?.tries, 1);
  assert.ok(await alertSent(store, again.claim, at(6)));
  assert.equal(await takeAlert(store, during(99)), null);
});

eachStore('who has lost an alert to another can neither hold it nor say how it went', async ({ store, open }) => {
  await abandoned(store, 1);
  await bundle(store, INCIDENT, at(2), compose);
  const first = await takeAlert(store, during(2));
  assert.ok(first && (await holdAlert(store, first.claim, at(10))));
  assert.equal(await takeAlert(open(), during(9)), null);
  const second = await takeAlert(open(), during(10));
  assert.ok(second);
  const said = [
    await holdAlert(store, first.claim, at(99)),
    await alertFailed(store, first, at(99), 'no'),
    await alertSent(store, first.claim, at(10)),
  ];
  assert.deepEqual(said, [false, false, false]);
  const row = await store.db('alerts').first();
  assert.deepEqual([row.pending, row.tries, row.due_at], [1, 0, at(11)]);
  assert.ok(await alertSent(store, second.claim, at(11)));
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
  assert.ok(await takeAlert(store, during(2)));
  await ended;
});

eachStore('alerts are read back page by page, each once, also those of one moment', async ({ store }) => {
  for (let n = 0; n < 7; n++) {
    const incident = `webhooks_silent:${n}`;
    await raise(store, { item_key: incident, incident, kind: 'webhooks_silent', at: at(1), detail: '' });
    await bundle(store, incident, at(n < 5 ? 2 : 3), compose);
  }
  const seen: string[] = [];
  for (let page = await listAlerts(store, { limit: 2 }); page.length > 0; ) {
    seen.push(...page.map(({ incident }) => incident));
    const last = page.at(-1);
    page = await listAlerts(store, { limit: 2, before: last && { at: last.createdAt, id: last.id } });
  }
  assert.equal(seen.length, 7);
  assert.equal(new Set(seen).size, 7);
});

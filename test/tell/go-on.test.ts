// One alert, summary, record or line that can't be written never stops the others.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { fileSpool } from '../../src/intake/file-spool.ts';
import { catchUp, fileTold, keepTold } from '../../src/intake/told.ts';
import { takeAlert } from '../../src/store/alerts.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { setCursor } from '../../src/store/notes/cursors.ts';
import { type AlertDeps, bundleAlerts } from '../../src/tell/alert.ts';
import type { AddressedLetter } from '../../src/tell/channels/channel.ts';
import { type SummaryDeps, tellSummaries } from '../../src/tell/send-summary.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { ended, seed, telling } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const settings = settingsOf(readConfig({}, 'database'));

/** While this is done the database refuses every row of the table whose column has that in it. */
async function refusing(
  store: Store,
  [table, column, value]: [string, string, string],
  work: () => Promise<void>,
): Promise<void> {
  const when = `new.${column} like '%${value}%'`;
  await store.db.raw(
    store.kind === 'sqlite'
      ? `create trigger refusal before insert on ${table} when ${when} begin select raise(abort, 'no'); end`
      : `create trigger refusal before insert on ${table} for each row
           if ${when} then signal sqlstate '22007' set message_text = 'no'; end if`,
  );
  try {
    await work();
  } finally {
    await store.db.raw('drop trigger refusal');
  }
}

async function givenUp(store: Store, domain: string): Promise<string> {
  const [view] = await seed(store, { domain, messageId: `1@${domain}`, facts: [] });
  const id = view?.id ?? '';
  await change(store, [id], MORNING, () => [ended(0, MORNING, 'abandoned', 'storage_gone')]);
  return id;
}

function alerting(store: Store, now = clockAt(MORNING + HOUR)): AlertDeps {
  const waits = { group: 1, repeat: 1, lease: MINUTE, pause: 1000 };
  return { store, channels: [], ...waits, publicUrl: null, now, log };
}

async function alertsOf(store: Store): Promise<string[]> {
  const bodies: string[] = [];
  for (let n = 0; n < 5; n++) {
    const alert = await takeAlert(store, { now: MORNING + HOUR, until: MORNING + DAY });
    if (alert) bodies.push(alert.body);
  }
  return bodies;
}

eachStore('an alert about a delivery that can not be read is told, with the others', async ({ store }) => {
  const broken = await givenUp(store, 'a.example');
  await givenUp(store, 'b.example');
  await store.db('facts').where({ delivery_id: broken }).update({ body: 'no JSON' });
  assert.equal(await bundleAlerts(alerting(store)), 2);
  const [one, two] = (await alertsOf(store)).sort((x) => (x.includes(broken) ? -1 : 1));
  assert.match(one ?? '', new RegExp(`delivery ${broken}, of which\\s+nothing can be read`));
  assert.match(two ?? '', /To ann@example\.net/);
});

eachStore('an alert that the database refuses keeps back none of the others', async ({ store }) => {
  await givenUp(store, 'a.example');
  await givenUp(store, 'b.example');
  await refusing(store, ['alerts', 'incident', 'a.example'], async () => {
    assert.equal(await bundleAlerts(alerting(store)), 1);
  });
  assert.equal(await bundleAlerts(alerting(store)), 1, 'and it is told when it can be');
});

eachStore('a record that the database refuses keeps back no other record, and no question', async ({ store }) => {
  await keepTold(store, [telling(1), telling('bad'), telling(3)], MORNING);
  await refusing(store, ['messages', 'message_id', 'bad'], async () => {
    await catchUp({ store, settings }, MORNING);
    assert.ok(await findMessage(store, '3@mg.example.com'));
    for (let n = 1; n <= 3; n++) await fileTold({ store, settings, now: () => MORNING + n * HOUR, log: log as never });
  });
  const rows: { outcome: string }[] = await store.db('inbox').select('outcome');
  assert.deepEqual(rows, [{ outcome: 'set_aside' }]);
});

eachStore('a line of the spool that the database refuses is set aside, the others are kept', async ({ t, store }) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-spool-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const huge = telling('huge', { subject: 'x'.repeat(500_000) });
  const lines = [telling(1), telling('bad'), huge, telling(3)].map((one) => JSON.stringify(one));
  writeFileSync(join(folder, 'spool.jsonl'), `${lines.join('\n')}\n`, { mode: 0o600 });
  await refusing(store, ['inbox', 'body', 'bad@'], async () => {
    await fileSpool({ store, settings, folder, now: () => MORNING });
  });
  assert.equal((await store.db('inbox').select('id')).length, 2);
  const aside = readFileSync(join(folder, 'set-aside.jsonl'), 'utf8').trim().split('\n');
  assert.deepEqual(aside, [lines[1], lines[2]]);
});

function summing(store: Store) {
  const now = clockAt(MORNING);
  const letters: AddressedLetter[] = [];
  const channel = { name: 'mail', post: async (letter: AddressedLetter) => void letters.push(letter) };
  const options = { cron: '0 7 * * *', timezone: 'UTC', details: 'full', lease: MINUTE, pause: 1000 } as const;
  const deps: SummaryDeps = { store, channels: [channel], admins: ['a@team.example'], ...options, now, log };
  return { now, letters, deps };
}

eachStore('a summary that can not be written is told of, and those after it go out', async ({ store }) => {
  const { now, letters, deps } = summing(store);
  await setCursor(store, 'summaries_written', '', MORNING);
  await refusing(store, ['summaries', 'subject', 'no mail: Thursday, 26 November'], async () => {
    now.advance(4 * DAY);
    while ((await tellSummaries(deps)) > 0);
  });
  const subjects = letters.map((l) => l.subject);
  assert.equal(subjects.length, 4);
  assert.deepEqual(subjects.filter((subject) => /could not be written: .*26 November/.test(subject)).length, 1);
});

eachStore('a change of the figures that can not be read is left out, and the others count', async ({ store }) => {
  const { deps, now } = summing(store);
  await tellSummaries(deps);
  await store.db('rollup_pending').insert({ id: '00000000000000000000000000', body: 'no JSON' });
  await seed(store, { createdAt: now(), facts: [] }, now());
  while ((await tellSummaries(deps)) > 0);
  assert.equal((await store.db('rollup_pending').select('id')).length, 0);
  assert.ok((await store.db('rollups').where({ what: 'deliveries' })).length > 0);
});

eachStore('a summary whose kept text can not be read does not stop the next', async ({ store }) => {
  const { now, letters, deps } = summing(store);
  await setCursor(store, 'summaries_written', '', MORNING);
  const row = { created_at: MORNING, pending: 1, due_at: MORNING, tries: 0, sent_at: null, told: '[]', error: null };
  await store.db('summaries').insert({ ...row, day: '2026-01-01', subject: 's', body: 'no JSON' });
  now.advance(DAY);
  for (let n = 0; n < 5; n++) await tellSummaries(deps);
  assert.deepEqual(
    letters.map((l) => l.subject.startsWith('[Homing] no mail')),
    [true],
  );
});

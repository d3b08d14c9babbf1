import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../src/base/ids.ts';
import { addExportCommand } from '../../src/commands/export.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { erase } from '../../src/operate/erase.ts';
import { type Exported, exportOf } from '../../src/operate/export.ts';
import { resendMessage } from '../../src/operate/resend.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { PERSONAL } from '../../src/store/personal.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { database, runHere } from '../commands/support.ts';
import { MORNING } from '../support/clock.ts';
import { accepted, arrival, bounce, claimed, failed, seed, seedQueued, sent, verdict } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const ANNA = 'anna@canary.example';
const BOB = 'bob@secret.example';
const NOW = MORNING + DAY;

async function recordsOf(store: Store, address = ANNA): Promise<Exported[]> {
  const records: Exported[] = [];
  for await (const record of exportOf(address, { store, who: 'ops', now: NOW })) records.push(record);
  return records;
}

/** Something of Anna in every table that may hold something of a person, most of it beside Bob. */
async function everywhere(store: Store): Promise<void> {
  const reply = bounce({ message: `<${ANNA}> and <${BOB}>: 4.7.0 we do not know you`, reason: 'espblock' });
  const facts = [
    ...sent(),
    failed(MORNING + MINUTE, 'retry', { bounce: reply, verdict: verdict('undetermined', 'retry_new_ip') }),
    claimed(2, MORNING + 2 * MINUTE),
    accepted(2, MORNING + 2 * MINUTE, 'answered@mg.example.com'),
    failed(MORNING + 3 * MINUTE, 'retry', { bounce: reply, messageId: 'answered@mg.example.com' }),
  ];
  await seed(store, { recipients: [ANNA], facts, messageId: 'a@mg.example.com' });
  await seed(store, { recipients: [ANNA, BOB], subject: `${ANNA} and ${BOB} are invited`, key: 'k' });
  const [queued] = await seedQueued(store, { recipients: [ANNA], messageId: 'q@mg.example.com' });
  const message = queued?.messageId ?? '';
  await resendMessage(store, { message, who: 'anna' }, { cooldown: MINUTE, now: MORNING + 2 * MINUTE });
  await addSuppression(store, { address: ANNA, who: 'ops', reason: `${ANNA} rang, as ${BOB} did` }, MORNING);
  const body = JSON.stringify({ recipient: ANNA, to: `${ANNA}, ${BOB}`, 'message-id': 'm1@mg.example.com' });
  await keep(store, [arrival('an event', { body })]);
  await store.db('inbox').update({ pending: 0 });
  const both = `to ${ANNA}\nto ${ANNA} and ${BOB}\nto ${BOB}`;
  const mail = { body: both, created_at: 1, pending: 0, due_at: 1, tries: 0 };
  await store.db('alerts').insert({ ...mail, id: newId(1), incident: 'x', count: 1, avoid: '', subject: `of ${BOB}` });
  await store.db('summaries').insert({ ...mail, day: '2026-11-25', subject: 'x', told: '[]' });
  await store.db('rollup_pending').insert({ id: newId(2), body: JSON.stringify({ [ANNA]: BOB }) });
  await store.db('rollup_examples').insert({ day: 1, domain: 'x', place: 'x', reply: both });
  await store.db('audit').insert({ id: newId(3), at: 1, who: 'x', what: 'x', subject: ANNA, detail: both });
  await store.db('holds').insert({ id: newId(4), who: 'x', at: 1, reason: both });
  const run = { action: 'retry', phase: 'done', who: 'x', created_at: 1, phase_at: 1, pending: 0, due_at: 1 };
  await store
    .db('bulk_runs')
    .insert({ ...run, id: newId(5), query: `to:${ANNA}`, filter: '{}', reason: both, counts: '{}' });
  const item = { incident: 'x', kind: 'gave_up', delivery_id: queued?.id, at: 1, detail: both };
  await store.db('alert_items').insert({ ...item, item_key: 'x' });
  await store
    .db('reposts')
    .insert({ delivery_id: queued?.id, attempt: 1, place: 'x', at: 1, result: 'x', sending_ip: 'x' });
  await store.db('unclear').insert({ delivery_id: queued?.id, fact_key: 'x', at: 1 });
  await store.db('handles').insert({ hash: 'x', message_id: message });
  const event = { delivery_id: queued?.id, number: 2 };
  await store.db('events').insert({ ...event, kind: 'x', at: 1, class: 'x', state: 'x', attempt: 1 });
  await store.db('event_posts').insert({ ...event, endpoint: 'x', since: 1, tries: 0 });
}

const kindOf = (table: string) => PERSONAL[table];
const HOLDING = Object.keys(PERSONAL).filter((table) => typeof kindOf(table) === 'string');

/** All tables of the database, but those of the migrations. */
async function tablesOf({ db, kind }: Store): Promise<string[]> {
  const rows: { name: string }[] =
    kind === 'sqlite'
      ? await db('sqlite_master').where({ type: 'table' }).select('name')
      : await db('information_schema.tables').whereRaw('table_schema = database()').select({ name: 'table_name' });
  return rows.map(({ name }) => name).filter((name) => !/^(?:knex|sqlite)_/.test(name));
}

eachStore('of every table it is known whether something of a person may stand in it', async ({ store }) => {
  assert.deepEqual((await tablesOf(store)).sort(), Object.keys(PERSONAL).sort());
});

eachStore('all that is kept of a person is exported, from every table, and nothing of others', async ({ store }) => {
  await everywhere(store);
  const records = await recordsOf(store);
  const seen = new Set(records.map(({ table }) => table));
  // `resends` and `erased` hold hashes: of mail that is asked for again the times are told, of those erased there is nothing.
  const missing = HOLDING.filter((table) => !seen.has(table) && table !== 'erased' && table !== 'resends');
  assert.deepEqual(missing, []);
  assert.ok(seen.has('attempts'));
  assert.deepEqual(
    records.filter((record) => /bob|secret/i.test(JSON.stringify(record))),
    [],
  );
  const [event] = records.filter(({ table }) => table === 'inbox');
  assert.deepEqual((event?.data as { body: object } | undefined)?.body, {
    recipient: ANNA,
    to: `${ANNA}, (somebody else)`,
    'message-id': 'm1@mg.example.com',
  });
  const [alert] = records.filter(({ table }) => table === 'alerts');
  assert.deepEqual((alert?.data as { lines: string[] } | undefined)?.lines, [
    `to ${ANNA}`,
    `to ${ANNA} and (somebody else)`,
  ]);
  const text = JSON.stringify(records);
  assert.doesNotMatch(text, /sealed(?!_by)|"lease"/, 'no content, and nothing that only a process needs');
  const audit = await store.db('audit').where({ what: 'export' }).select('who', 'subject');
  assert.deepEqual(audit, [{ who: 'ops', subject: 'a***@canary.example' }]);
});

eachStore('what is exported is what is erased, but for the list that nothing is sent by', async ({ store }) => {
  await everywhere(store);
  const ids = await idsOf(store, ANNA);
  await erase(ANNA, { store, who: 'ops', now: () => NOW });
  assert.deepEqual(
    (await recordsOf(store)).map(({ table }) => table),
    ['suppressions'],
  );
  const named: string[] = [];
  for (const table of HOLDING.filter((name) => name !== 'suppressions' && name !== 'erased'))
    if (JSON.stringify(await store.db(table).select()).includes(ANNA)) named.push(table);
  assert.deepEqual(named, []);
  const left: string[] = [];
  for (const table of HOLDING.filter((name) => kindOf(name) === 'mail')) {
    const rows = JSON.stringify(await store.db(table).select());
    if (ids.some((id) => rows.includes(id))) left.push(table);
  }
  assert.deepEqual(left, [], 'tables in which something hangs on mail that is erased');
});

/** The ids of the deliveries to a person, and of the messages to nobody else. */
async function idsOf({ db }: Store, address: string): Promise<string[]> {
  const rows: { id: string; message_id: string; recipient: string }[] = await db('deliveries').select();
  const isShared = (id: string) => rows.some((row) => row.message_id === id && row.recipient !== address);
  const ids = rows.filter(({ recipient }) => recipient === address).flatMap((row) => [row.id, row.message_id]);
  assert.ok(ids.length > 0);
  return ids.filter((id) => !isShared(id));
}

eachStore('mail that was asked for again is told with how often', async ({ store }) => {
  const facts = [...sent(), failed(MORNING + MINUTE, 'retry', { bounce: bounce({ reason: 'espblock' }) })];
  const [view] = await seed(store, { recipients: [ANNA], facts });
  const at = { cooldown: MINUTE, now: MORNING + 2 * MINUTE };
  const { result } = await resendMessage(store, { message: view?.messageId ?? '', who: 'anna' }, at);
  const [resend] = (await recordsOf(store)).filter(({ table }) => table === 'resends');
  assert.deepEqual([result, resend?.at, resend?.data], ['resent', at.now, { times: 1 }]);
});

eachStore('more mail than is read at a time is exported to the last, in its order', async ({ store }) => {
  const count = 205;
  for (let n = 0; n < count; n++)
    await seed(store, {
      messageId: `${n}@mg.example.com`,
      recipients: [ANNA],
      // The later ones were made first.
      createdAt: MORNING + 4 - Math.floor(n / 50),
    });
  await store.db('deliveries').where({ message_at: MORNING }).update({ message_at: null });
  const wanted: string[] = await store
    .db('deliveries')
    .orderByRaw('coalesce(message_at, 0), message_id')
    .pluck('message_id');
  assert.equal(wanted.length, count);
  const records = await recordsOf(store);
  for (const kind of ['deliveries', 'messages'])
    assert.deepEqual(
      records.filter(({ table }) => table === kind).map(({ message }) => message),
      wanted,
      kind,
    );
});

test('the command writes JSON that says at its end that it is whole', async (t) => {
  const { store, url } = await database(t);
  await everywhere(store);
  const run = (...args: string[]) => runHere(addExportCommand, ['export', ...args], { DATABASE_URL: url }, () => NOW);
  const { code, out, err } = await run('--recipient', `Anna <${ANNA.toUpperCase()}>`);
  assert.deepEqual([code, err], [0, '']);
  const { recipient, exportedAt, records, counts, complete } = JSON.parse(out);
  assert.deepEqual([recipient, exportedAt, complete], ['ANNA@canary.example', '2026-11-26T09:00:00.000Z', true]);
  const sum = Object.values(counts as Record<string, number>).reduce((all, n) => all + n, 0);
  assert.equal(records.length, sum);
  const nobody = await run('--recipient', 'nobody@example.com');
  assert.deepEqual(JSON.parse(nobody.out).records, []);
  assert.deepEqual([(await run('--recipient', 'x')).code, (await run()).code], [2, 2]);
  assert.equal((await run('--recipient', ANNA, '--format', 'xml')).code, 2);
});

test('as a table nothing in it is computed by a spreadsheet, and nothing is cut', async (t) => {
  const { store, url } = await database(t);
  const long = 'x'.repeat(5000);
  await seed(store, { recipients: [ANNA], subject: '=HYPERLINK("https://x.example")' });
  const note = { at: 1, who: 'x', what: 'x', subject: null, detail: `=1+1 ${ANNA} ${long}` };
  await store.db('audit').insert({ ...note, id: newId(3) });
  const { out } = await runHere(addExportCommand, ['export', '--recipient', ANNA, '--format', 'csv'], {
    DATABASE_URL: url,
  });
  assert.ok(out.startsWith('\ufeff"table","at","message","delivery","words","data"\r\n'));
  assert.match(out, /\r\n"end","[^\r]*""complete"":true}"\r\n$/);
  assert.ok(out.includes(long));
  const cells = out.split('\r\n').flatMap((line) => line.split(/(?<="),(?=")/));
  assert.deepEqual(
    cells.filter((cell) => /^"?[=+\-@]/.test(cell)),
    [],
  );
});

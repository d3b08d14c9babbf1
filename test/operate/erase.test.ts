import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { newId } from '../../src/base/ids.ts';
import { addEraseCommand } from '../../src/commands/erase.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { keepTold } from '../../src/intake/told.ts';
import { erase } from '../../src/operate/erase.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { byRecipient } from '../../src/store/inbox/news.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { database, runHere } from '../commands/support.ts';
import { arrival, seed } from '../support/factory.ts';
import { queueMail, startByHand } from '../support/homing.ts';
import { eachStore } from '../support/stores.ts';

const ANN = 'ann@canary.example';
const BOB = 'bob@canary.example';

test('a person is removed from everything, and late events do not bring them back', async (t) => {
  const homing = await startByHand(t, { env: { ADOPT_AFTER: '1m', ADOPT: 'retry' } });
  const { store, sim, clock, play, send } = homing;
  sim.fate(ANN, [
    {
      fail: {
        code: 550,
        enhanced: '5.1.1',
        message: `5.1.1 <${ANN}> is unknown here`,
        reason: 'bounce',
        bounceType: 'hard',
      },
    },
  ]);
  await send(ANN);
  await send(BOB);
  await play(clock() + DAY);
  await send(ANN);
  await homing.settle();
  const all = async () => {
    const tables = [
      'messages',
      'deliveries',
      'facts',
      'inbox',
      'alerts',
      'alert_items',
      'summaries',
      'rollup_examples',
      'rollup_pending',
      'audit',
      'handles',
      'due',
    ];
    const rows = await Promise.all(
      tables.map(async (table) => [table, JSON.stringify(await store.db(table).select())] as const),
    );
    return rows
      .filter(([, text]) => text.toLowerCase().includes(ANN) || text.includes('ann%40canary'))
      .map(([table]) => table);
  };
  assert.ok((await all()).length > 0, 'there is something to remove');
  const webhooks = sim.webhooks.filter(({ event }) => event.recipient === ANN).map(({ body }) => body);
  assert.ok(webhooks.length > 0);

  const erased = await erase(ANN.toUpperCase(), { store, who: 'ops', now: clock });
  assert.equal(erased.deliveries, 2);
  assert.ok(erased.events > 0);
  assert.deepEqual(await all(), []);

  await play(clock() + MINUTE);
  for (const body of webhooks)
    await fetch(`${homing.url}/webhooks/mailgun`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  await play(clock() + DAY);
  assert.deepEqual(await all(), [], 'late webhooks');
  const bobs = await store.db('deliveries').where({ recipient: BOB });
  assert.equal(bobs.length, 1, 'others stay');
});

test('what is told late of the others in a mail does not bring anybody back', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) }, poll: true });
  const { store, clock, play, dispatch } = homing;
  await queueMail(homing, `Ann <${ANN}>, ${BOB}`);
  await dispatch();
  await erase(ANN, { store, who: 'ops', now: clock });
  await play(clock() + HOUR);
  assert.equal((await store.db('deliveries').where({ recipient: BOB, state: 'delivered' })).length, 1);
  const bodies: string[] = await store.db('inbox').pluck('body');
  assert.deepEqual(
    bodies.filter((body) => body.includes(ANN)),
    [],
  );
});

eachStore(
  'a message to others too stays without them, what is open is cancelled, and doing it twice is harmless',
  async ({ store }) => {
    const [ann] = await seed(store, { recipients: [ANN, BOB], subject: `${ANN} has invited you` });
    await addSuppression(store, { address: ANN, who: 'ops', reason: null }, Date.now());
    const now = () => Date.now();
    const first = await erase(ANN, { store, who: 'ops', now });
    assert.deepEqual([first.deliveries, first.cancelled, first.messages], [1, 1, 0]);
    assert.deepEqual(await store.db('deliveries').pluck('recipient'), [BOB]);
    const [message] = await store.db('messages').where({ id: ann?.messageId });
    assert.equal(message.subject, '(erased) has invited you');
    assert.equal((await store.db('suppressions')).length, 1, 'nothing is sent to them as before');
    const second = await erase(ANN, { store, who: 'ops', now });
    assert.deepEqual([second.deliveries, second.events], [0, 0]);
  },
);

test('others of a message that was told of a moment ago are still tracked', async (t) => {
  const { store, url } = await database(t);
  const told = {
    messageId: 'two@mg.example.com',
    domain: 'mg.example.com',
    from: 'shop@example.com',
    state: 'accepted',
  };
  await keepTold(store, [{ ...told, to: [ANN, BOB] }], Date.now());
  const { code } = await runHere(addEraseCommand, ['erase', '--recipient', ANN], { DATABASE_URL: url });
  assert.equal(code, 0);
  assert.deepEqual(await store.db('deliveries').pluck('recipient'), [BOB]);
  assert.equal((await store.db('inbox')).length, 0);
});

test('the command says how much was removed, and leaves nothing of it in the file', async (t) => {
  const { store, url } = await database(t);
  await seed(store, { recipients: [ANN] });
  const run = (...args: string[]) => runHere(addEraseCommand, ['erase', ...args], { DATABASE_URL: url });
  assert.equal((await run('--recipient', 'nobody')).code, 2);
  const { code, out } = await run('--recipient', ANN);
  assert.equal(code, 0, out);
  assert.match(out, /^1 delivery removed, 1 of them still open; 1 message, 0 events\.$/m);
  const file = url.slice('sqlite:'.length);
  for (const suffix of ['', '-wal']) {
    const bytes = readFileSync(file + suffix);
    assert.equal(bytes.includes(ANN), false, suffix);
  }
});

eachStore('what came in is removed however the address is written in it', async ({ store }) => {
  const form = 'application/x-www-form-urlencoded';
  const bodies: [string, string | null][] = [
    ['{"recipient":"o\'brien+x@b\u00fccher.example"}', null],
    ['{"recipient":"O\'Brien+x\\u0040xn--bcher-kva.example"}', 'application/json'],
    ['{"to":"Hi\\no\'brien+x@b\\u00FCcher.example"}', 'application/json'],
    ['recipient=o%27brien%2bx%40xn--bcher-kva.example', form],
    ['To=Pat+%3Co%27brien%2Bx%40b%c3%bccher.example%3E', form],
  ];
  const others: [string, string | null][] = [
    ['{"recipient":"mo\'brien+x@b\u00fccher.example"}', null],
    ['{"recipient":"y+o\'brien+x@xn--bcher-kva.example"}', 'application/json'],
  ];
  const rows = [...bodies, ...others].map(([body, contentType], n) => arrival(`row ${n}`, { body, contentType }));
  await keep(store, rows);
  await store.db('inbox').update({ pending: 0 });
  const detail = "To <O'brien+x@xn--bcher-kva.example>: no";
  await store.db('alert_items').insert({ item_key: 'x', incident: 'x', kind: 'x', at: 1, detail });
  const erased = await erase("o'brien+x@b\u00fccher.example", { store, who: 'ops', now: () => Date.now() });
  assert.deepEqual([erased.events, erased.texts], [bodies.length, 1]);
  assert.deepEqual(await store.db('alert_items').pluck('detail'), ['To <(erased)>: no']);
});

eachStore(
  'an event about somebody else that names the person is not lost before it is understood',
  async ({ store }) => {
    const body = JSON.stringify({ recipient: BOB, to: `${ANN}, ${BOB}` });
    await keep(store, [arrival('about Bob', { body, about: byRecipient(BOB) }), arrival('of nobody', { body })]);
    await keep(store, [arrival('about Ann', { body: JSON.stringify({ recipient: ANN }), about: byRecipient(ANN) })]);
    const remove = () => erase(ANN, { store, who: 'ops', now: () => Date.now() });
    const first = await remove();
    assert.deepEqual([first.events, first.left], [1, 2]);
    await store.db('inbox').update({ pending: 0 });
    const second = await remove();
    assert.deepEqual([second.events, second.left], [2, 0]);
  },
);

/** So many of each kind of text, in every second of which the address stands; more than are read at a time. */
async function seedTexts(store: Store, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, n) => ({ id: newId(n), text: n % 2 ? `${n} to ${ANN}` : `${n}` }));
  const insert = (table: string, row: (one: { id: string; text: string }, n: number) => object) =>
    store.db.batchInsert(table, rows.map(row), 50);
  const alert = { incident: 'x', count: 1, avoid: '', created_at: 1, pending: 0, due_at: 1, tries: 0 };
  await insert('alerts', ({ id, text }) => ({ ...alert, id, subject: text, body: `${text}\n` }));
  await insert('alert_items', ({ id, text }) => ({ item_key: id, incident: 'x', kind: 'x', at: 1, detail: text }));
  await insert('rollup_examples', ({ text }, n) => ({ day: n % 3, domain: `${n % 7}`, place: `${n}`, reply: text }));
  await insert('audit', ({ id, text }, n) => ({
    id,
    at: 1,
    who: 'x',
    what: 'x',
    subject: n % 4 ? text : null,
    detail: text,
  }));
}

const TEXTS = { alerts: 'body', alert_items: 'detail', rollup_examples: 'reply', audit: 'detail' };

async function named(store: Store): Promise<number> {
  const texts = Object.entries(TEXTS).map(([table, column]) => store.db(table).pluck(column));
  return (await Promise.all(texts)).flat().filter((text) => text.includes(ANN)).length;
}

eachStore(
  'more texts than are read at a time are cleaned page by page, and others stay as they are',
  async ({ store }) => {
    await seedTexts(store, 250);
    const read: number[] = [];
    const progress = (_: object, rows: number) => read.push(rows);
    const erased = await erase(ANN, { store, who: 'ops', now: () => Date.now(), progress });
    assert.deepEqual([erased.texts, await named(store)], [4 * 125, 0]);
    assert.ok(read.length > 4 * 2, 'in several pages');
    assert.equal(read.at(-1), 4 * 250, 'each row is read once');
    const replies: string[] = await store.db('rollup_examples').pluck('reply');
    assert.deepEqual(
      new Set(replies),
      new Set(Array.from({ length: 250 }, (_, n) => `${n}${n % 2 ? ' to (erased)' : ''}`)),
    );
  },
);

eachStore('of a run that names a person nothing is written that moves on meanwhile', async ({ store }) => {
  const run = { action: 'retry', phase: 'running', who: 'x', created_at: 1, phase_at: 1, pending: 1, due_at: 1 };
  const counts = JSON.stringify({ matched: 3 });
  const texts = { query: `to:${ANN}`, filter: JSON.stringify({ recipient: ANN }), reason: 'a mistake', counts };
  await store.db('bulk_runs').insert({ ...run, ...texts, id: newId(1), checked: counts });
  const written: string[] = [];
  store.db.on('query', ({ sql }: { sql: string }) => void (/^update .bulk_runs/.test(sql) && written.push(sql)));
  const { texts: changed } = await erase(ANN, { store, who: 'ops', now: () => Date.now() });
  assert.equal(changed, 1);
  const [row] = await store.db('bulk_runs').select('query', 'filter', 'reason', 'counts', 'checked');
  assert.deepEqual(row, {
    ...{ query: 'to:(erased)', filter: '{"recipient":"(erased)"}', reason: 'a mistake' },
    ...{ counts, checked: counts },
  });
  assert.equal(written.length, 1);
  assert.match(written[0] ?? '', /query.*filter/);
  assert.doesNotMatch(written[0] ?? '', /reason|counts|checked/);
});

eachStore('what was stopped in the middle is done to the end when it is done again', async ({ store }) => {
  await seedTexts(store, 250);
  await seed(store, { recipients: [ANN] });
  const before = await named(store);
  const stop = ({ texts }: { texts: number }) => assert.equal(texts, 0, 'stopped');
  const now = () => Date.now();
  await assert.rejects(erase(ANN, { store, who: 'ops', now, progress: stop }), /stopped/);
  const between = await named(store);
  assert.ok(between < before && between > 0);
  const erased = await erase(ANN, { store, who: 'ops', now });
  assert.deepEqual([erased.texts, await named(store)], [between, 0]);
});

test('the command says on stderr how far it is, and the answer stays whole', async (t) => {
  const { store, url } = await database(t);
  await seedTexts(store, 250);
  let at = Date.now();
  const now = () => (at += SECOND);
  const { out, err } = await runHere(
    addEraseCommand,
    ['erase', '--recipient', ANN, '--json'],
    { DATABASE_URL: url },
    now,
  );
  assert.match(err, /^(?:… \d+ rows read: 0 deliveries, 0 events, \d+ texts so far\n)+$/);
  assert.equal(JSON.parse(out).texts, 4 * 125);
});

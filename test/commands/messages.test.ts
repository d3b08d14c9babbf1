import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../../src/classifier/classify.ts';
import { parseRules } from '../../src/classifier/own-rules.ts';
import { addCancelCommand } from '../../src/commands/cancel.ts';
import { addClassifyCommand } from '../../src/commands/classify.ts';
import { addExplainCommand } from '../../src/commands/explain.ts';
import { addMigrateCommand } from '../../src/commands/migrate.ts';
import { addRetryCommand } from '../../src/commands/retry.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';
import { bounce, claimed, ended, failed, seed, sent, verdict, viewsOf } from '../support/factory.ts';
import { eachDatabase, eachStore } from '../support/stores.ts';
import { database, runHere } from './support.ts';

const LATER = MORNING + 5 * MINUTE;
const now = () => LATER;

const STORY = [
  ...sent(),
  failed(MORNING + MINUTE, 'retry', { bounce: bounce({ message: 'client host [198.51.100.7] blocked \u001b[31m' }) }),
  claimed(2, MORNING + 2 * MINUTE, { deliverAt: MORNING + 5 * MINUTE }),
];

eachDatabase('migrates an empty database, and then has nothing to do', async (_t, url) => {
  const env = { DATABASE_URL: url };
  const first = await runHere(addMigrateCommand, ['migrate'], env);
  assert.deepEqual([first.code, first.err], [0, '']);
  assert.match(first.out, /migrations? done\.\n {2}2026\d+_core\n/);
  const again = await runHere(addMigrateCommand, ['migrate', '--json'], env);
  assert.deepEqual((JSON.parse(again.out) as { ran: string[] }).ran, []);
  assert.match((await runHere(addMigrateCommand, ['migrate'], env)).out, /nothing to do/);
});

eachStore('explains a message by any of its names, in words and in time order', async ({ store, url }) => {
  const [view] = await seed(store, { facts: STORY });
  await store.db('domains').insert({ domain: 'mg.example.com', schedule: 'auto' });
  const env = { DATABASE_URL: url };
  const names = [view?.messageId ?? '', view?.id ?? '', 'm1@mg.example.com', '<m1@mg.example.com>'];
  const pages: string[] = [];
  for (const name of names) pages.push((await runHere(addExplainCommand, ['explain', name], env)).out);
  assert.equal(new Set(pages).size, 1);
  const [page = ''] = pages;
  assert.match(page, /"Your receipt"/);
  assert.match(page, /^ann@example\.net {2}\(delivery /m);
  assert.match(page, /^ {2}SENDING: Attempt 2 is being handed over/m);
  const times = [...page.matchAll(/^ {2}(2026-\d\d-\d\d \d\d:\d\d:\d\d) UTC {2}\S/gm)].map(([, time]) => time);
  assert.deepEqual(times, [...times].sort());
  assert.equal(times.length, STORY.length);
  assert.match(page, /to be delivered at 2026-11-25\s+09:05:00 UTC/);
});

test('keeps to 80 columns, and lets no server write escape sequences to the terminal', async (t) => {
  const { store, url } = await database(t);
  const long = 'a reason that goes on and on '.repeat(12);
  const [view] = await seed(store, {
    facts: [...STORY, failed(MORNING + 3 * MINUTE, 'retry', { bounce: bounce({ message: long }) })],
  });
  const { out } = await runHere(addExplainCommand, ['explain', view?.id ?? ''], { DATABASE_URL: url });
  assert.deepEqual(
    out.split('\n').filter((line) => line.length > 80),
    [],
  );
  assert.match(out, /^ {27}\S/m);
  assert.ok(!out.includes('\u001b'));
});

test('explains as JSON what the API tells of a message', async (t) => {
  const { store, url } = await database(t);
  const [view] = await seed(store, { facts: STORY });
  const { out } = await runHere(addExplainCommand, ['explain', view?.id ?? '', '--json'], { DATABASE_URL: url });
  const { id, deliveries } = JSON.parse(out) as { id: string; deliveries: { state: string; facts: unknown[] }[] };
  assert.deepEqual([id, deliveries[0]?.state, deliveries[0]?.facts.length], [view?.messageId, 'sending', STORY.length]);
});

test('says what it looked for when it found nothing', async (t) => {
  const { url } = await database(t);
  const { code, err, out } = await runHere(addExplainCommand, ['explain', 'nothing\u001b[2J'], { DATABASE_URL: url });
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^No message or delivery has this id, .*"nothing \[2J" .*homing\.sqlite\)\.\n$/);
});

test('makes no database where there is none, and asks for migrations that are missing', async (t) => {
  const { store, url } = await database(t);
  const none = await runHere(addExplainCommand, ['explain', 'x'], { DATABASE_URL: `${url}.none` });
  assert.match(none.err, /There is no database at/);
  await store.db('knex_migrations').delete();
  const old = await runHere(addExplainCommand, ['explain', 'x'], { DATABASE_URL: url });
  assert.match(old.err, /run "homing migrate" first/);
  assert.deepEqual([none.code, old.code], [1, 1]);
});

test('a database that can not be reached is told in a sentence, without its password', async () => {
  const env = { DATABASE_URL: 'mysql://homing:swordfish@127.0.0.1:1/homing' };
  const { code, err } = await runHere(addMigrateCommand, ['migrate'], env);
  assert.equal(code, 1);
  assert.match(err, /^The database mysql:\/\/127\.0\.0\.1:1\/homing can't be used: .*ECONNREFUSED.*\n$/);
});

eachStore('opens what ended without arriving again, for one recipient or all', async ({ store, url }) => {
  const recipients = ['ann@example.net', 'bob@example.net'];
  const facts = [...sent(), ended(1, MORNING + MINUTE, 'abandoned', 'silence')];
  const [ann] = await seed(store, { recipients, facts });
  const id = ann?.messageId ?? '';
  const env = { DATABASE_URL: url };
  const retry = (...args: string[]) => runHere(addRetryCommand, ['retry', id, ...args], env, now);
  assert.match((await retry('--recipient', 'BOB@example.net')).out, /^1 delivery is open again/);
  const states = async () => Object.fromEntries((await viewsOf(store, id)).map((v) => [v.recipient, v.delivery.state]));
  assert.deepEqual(await states(), { 'ann@example.net': 'abandoned', 'bob@example.net': 'queued' });
  assert.deepEqual(JSON.parse((await retry('--json')).out), { message: id, reopened: 1 });
  const nothing = await retry();
  assert.equal(nothing.code, 1);
  assert.match(nothing.err, /^Nothing can be sent again: /);
  assert.match((await retry('--recipient', 'eve@example.net')).err, /no such recipient/);
  const audit = await store.db('audit').where({ what: 'retry' }).select('who', 'subject');
  assert.equal(audit.length, 2);
  assert.match(audit[0].who, /command line/);
});

eachStore('cancels by id and by key, and says when nothing is open any more', async ({ store, url }) => {
  const [byId] = await seed(store);
  await seed(store, { messageId: 'k1@mg.example.com', key: 'reset:42', class: 'access' });
  const env = { DATABASE_URL: url };
  const cancel = (...args: string[]) => runHere(addCancelCommand, ['cancel', ...args], env, now);
  assert.match((await cancel('--key', 'reset:42')).out, /^1 delivery is cancelled/);
  assert.match((await cancel(byId?.id ?? '')).out, /^1 delivery is cancelled/);
  const again = await cancel(byId?.id ?? '');
  const stillOut = 'Nothing was open any more: nothing to do.\nA provider has 1 already, and may still deliver.\n';
  assert.deepEqual([again.code, again.out], [0, stillOut]);
  assert.match((await cancel('--key', 'reset:43')).err, /No message has the key "reset:43"/);
  const both = await cancel('x', '--key', 'y');
  const neither = await cancel();
  assert.deepEqual([both.code, neither.code], [2, 2]);
  assert.match(neither.err, /either the id of a message or --key/);
});

test('lists the replies that nobody could tell, with a rule that can be pasted', async (t) => {
  const { store, url } = await database(t);
  const unclear = { verdict: verdict('undetermined', 'give_up_no_suppress') };
  const odd = bounce({ code: 554, enhancedCode: null, message: '554 Gruezi, computer says no' });
  for (const n of [1, 2, 3]) {
    const at = n === 3 ? MORNING - 9 * DAY : MORNING;
    const facts = [...sent(at), failed(at + MINUTE, 'retry', { ...unclear, bounce: odd })];
    await seed(store, { messageId: `u${n}@mg.example.com`, createdAt: at, facts, recipients: [`u${n}@example.org`] });
  }
  await seed(store, { facts: STORY });
  const list = (...args: string[]) =>
    runHere(addClassifyCommand, ['classify', '--unknown', ...args], { DATABASE_URL: url }, now);

  const [found, ...others] = JSON.parse((await list('--json')).out) as {
    count: number;
    done: string[];
    domains: string[];
    rule: { name: string; decision: string };
  }[];
  assert.deepEqual(others, []);
  assert.deepEqual([found?.count, found?.domains, found?.done], [2, ['example.org'], ['sent again: 2 queued']]);
  const { rules, problems } = parseRules(JSON.stringify([{ ...found?.rule, cause: 'policy_block' }]));
  assert.deepEqual(problems, []);
  assert.equal(classify(odd, rules).evidence.rule, found?.rule.name);
  assert.match((await list()).out, /2 × 554 Gruezi, computer says no \(example\.org\)\n {4}done: sent again/);
  assert.match((await list('--days', '30')).out, /3 × 554/);
});

test('refuses wrong rules with all that is wrong, before anything is read', async (t) => {
  const { folder } = await database(t);
  const missing = await runHere(addClassifyCommand, ['classify', '--rules', `${folder}/none.json`], {});
  assert.deepEqual([missing.code, missing.out], [2, '']);
  assert.match(missing.err, /can't be read: ENOENT/);
  const wrong = await runHere(addClassifyCommand, ['classify'], { HOMING_RULES: new URL(import.meta.url).pathname });
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /have 1 problem\(s\):\n {2}- not JSON: /);
});

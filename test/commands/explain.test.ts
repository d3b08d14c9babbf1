import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addExplainCommand } from '../../src/commands/explain.ts';
import { MINUTE } from '../../src/core/time.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { MORNING } from '../support/clock.ts';
import { bounce, failed, seed, sent } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';
import { database, runHere } from './support.ts';

const ANNA = 'anna@example.com';
const LATER = MORNING + 5 * MINUTE;

const explainer =
  (url: string) =>
  (...args: string[]) =>
    runHere(addExplainCommand, ['explain', ...args], { DATABASE_URL: url }, () => LATER);

const BLOCKED = [
  ...sent(),
  failed(MORNING + MINUTE, 'retry', { bounce: bounce({ message: 'blocked \u001b[31m by us', reason: 'espblock' }) }),
];

eachStore('tells where the mail to a person is, however the address is written', async ({ store, url }) => {
  const explain = explainer(url);
  const [view] = await seed(store, { recipients: ['anna@xn--bcher-kva.example'], facts: BLOCKED });
  const answers = [];
  for (const name of ['anna@b\u00fccher.example', 'ANNA@xn--bcher-kva.example', ' Anna B. <anna@B\u00dcCHER.example> '])
    answers.push(await explain(name));
  const [first] = answers;
  assert.deepEqual(
    answers.map(({ code, err }) => [code, err]),
    [
      [0, ''],
      [0, ''],
      [0, ''],
    ],
  );
  assert.ok(first);
  assert.match(
    first.out,
    /^anna@xn--bcher-kva\.example\n {2}Attempt 1 did not arrive: the receiving server blocks the sending IP/,
  );
  assert.match(first.out, /^ {2}last try {4}2026-11-25 09:00:00 UTC \(5 min ago\), through mailgun\./m);
  assert.match(first.out, /^ {2}reply {7}550 5\.7\.1 blocked \[31m by us$/m);
  assert.match(
    first.out,
    new RegExp(`^    homing cancel ${view?.messageId} --recipient anna@xn--bcher-kva\\.example$`, 'm'),
  );
  assert.match(first.out, new RegExp(`^  The whole story: homing explain ${view?.messageId}$`, 'm'));
});

test('what it prints fits a terminal, and nothing in it acts on one', async (t) => {
  const { store, url } = await database(t);
  const replied = failed(MORNING + MINUTE, 'retry', { bounce: bounce({ message: 'go away \u001b[2J '.repeat(60) }) });
  await seed(store, { recipients: [ANNA], subject: 'a\u202eb', facts: [...sent(), replied] });
  const { out } = await explainer(url)(ANNA);
  assert.deepEqual(
    out.split('\n').filter((line) => line.length > 80),
    [],
  );
  for (const sign of ['\u001b', '\u202e']) assert.ok(!out.includes(sign));
});

eachStore('shows a page at a time, and the command for the next one', async ({ store, url }) => {
  const explain = explainer(url);
  for (let n = 1; n <= 3; n++)
    await seed(store, {
      messageId: `${n}@mg.example.com`,
      recipients: [ANNA],
      createdAt: MORNING + n,
      subject: `no ${n}`,
    });
  const first = await explain(ANNA, '--limit', '2');
  const command = /^1 older: homing explain anna@example\.com --cursor ([0-9A-Z]{26})$/m.exec(first.out);
  assert.match(first.out, /"no 3"[\s\S]*"no 2"/);
  const second = await explain(ANNA, '--limit', '2', '--cursor', command?.[1] ?? '');
  assert.match(second.out, /"no 1"/);
  assert.doesNotMatch(second.out, /"no 2"|^\d+ older/m);
  assert.deepEqual([(await explain(ANNA, '--limit', '0')).code, (await explain(ANNA, '--cursor', 'x')).code], [2, 2]);
});

test('of a person that nothing is recorded of it says so, and ends with 1', async (t) => {
  const { store, url } = await database(t);
  await seed(store, { recipients: ['anne@example.com'] });
  const { code, out, err } = await explainer(url)(ANNA);
  assert.deepEqual([code, err], [1, '']);
  assert.match(out, /^anna@example\.com\n {2}No mail to anna@example\.com is on record\.\n {2}This does not prove/);
  assert.match(out, /kept for 90 days\.\n {2}Is it one of these\? anne@example\.com\n$/);
  const unknown = await explainer(url)('<anna@example.com>');
  assert.deepEqual([unknown.code, unknown.out], [1, ''], 'a Message-Id in its brackets');
});

test('an address on the list is told first, also where no mail is known', async (t) => {
  const { store, url } = await database(t);
  await addSuppression(store, { address: ANNA, who: 'ops', reason: 'asked by phone' }, MORNING);
  const { out } = await explainer(url)(ANNA);
  assert.match(out, /^ {2}Homing sends no mail to this address: an operator put it on the list\.$/m);
  assert.match(
    out,
    /^ {2}reply {7}asked by phone\n {2}- Ask that operator first, then take it off\.\n {4}homing suppressions remove anna@example\.com$/m,
  );
});

test('a message is told with the same card before its story', async (t) => {
  const { store, url } = await database(t);
  const [view] = await seed(store, { recipients: [ANNA], facts: BLOCKED });
  const explain = explainer(url);
  const { out } = await explain(view?.messageId ?? '');
  assert.match(
    out,
    /QUEUED: Attempt 1[\s\S]*not proved[\s\S]*You can:[\s\S]*What has happened:\n {2}2026-11-25 09:00:00 UTC {2}Attempt 1 began/,
  );
  const { deliveries } = JSON.parse((await explain(view?.id ?? '', '--json')).out) as {
    deliveries: { support: object }[];
  };
  const { mails } = JSON.parse((await explain(ANNA, '--json')).out) as { mails: object[] };
  assert.deepEqual(deliveries[0]?.support, mails[0]);
});

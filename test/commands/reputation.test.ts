import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { addQueueCommand } from '../../src/commands/queue.ts';
import { addReputationCommand } from '../../src/commands/reputation.ts';
import { dayOf } from '../../src/core/care/sendings.ts';
import { DAY } from '../../src/core/time.ts';
import type { SimSending } from '../../src/lab/sim/world.ts';
import { transact } from '../../src/store/db/transact.ts';
import { addSendings } from '../../src/store/figures/sendings.ts';
import { MORNING } from '../support/clock.ts';
import { database, mailgun, runHere } from './support.ts';

const TODAY = dayOf(MORNING);
const AT = new Date(MORNING).toISOString();

const SENDING: SimSending = {
  dedicated: ['192.0.2.9'],
  pools: [{ pool_id: 'p1', name: 'resets', ips: ['192.0.2.9'] }],
  warmups: [
    {
      ...{ ip: '192.0.2.9', stage: 3, stages: 15, stageLimit: 4000, hourlyLimit: 360 },
      ...{ sent: '25%', stageSince: AT, since: AT },
    },
  ],
  thresholds: [{ id: 'a', name: 'bounces', metric: 'hard_bounce_rate', comparator: '>', limit: '.05', period: '1h' }],
  hits: [{ id: 'a', metric: 'hard_bounce_rate', triggered: true, latest_value: '0.08' }],
  classified: [{ entity: 'Gmail', metrics: { critical_bounce_count: 10, delivered_smtp_count: 900 } }],
};

async function set(t: import('node:test').TestContext, sending: SimSending, ips = ['192.0.2.1']) {
  const { store, url } = await database(t);
  const { env } = await mailgun(t, { ips, sending });
  await transact(store, (tx) =>
    addSendings(tx, [
      [TODAY, 'mailgun', '192.0.2.1', 'google', 90, 10, 100, 20, 5, 0],
      [TODAY - 3 * DAY, 'mailgun', '192.0.2.9', 'other', 50, 0, 0, 0, 0, 1],
      [TODAY - 9 * DAY, 'mailgun', '192.0.2.77', 'other', 50, 0, 0, 0, 0, 0],
    ]),
  );
  const run = (...args: string[]) =>
    runHere(addReputationCommand, ['reputation', ...args], { ...env, DATABASE_URL: url }, () => MORNING);
  return { run, url };
}

test('each address is told with what servers said of it, beside what Mailgun says of the account', async (t) => {
  const { run, url } = await set(t, SENDING);
  const { code, out, err } = await run();
  assert.equal(code, 0, err);
  for (const line of [
    '  192.0.2.1 (mailgun, shared): 200 tries, 90.0 % delivered, 10.0 % refused for the address (5 named it)',
    '    google: 200 tries, 90.0 % delivered, 10.0 % refused for the address (5 named it)',
    '  192.0.2.9 (mailgun, dedicated): 50 tries, 100 % delivered, 0 % refused for the address, 2.0 % complained about',
    '  resets (1 addresses): 50 tries, 100 % delivered, 0 % refused for the address, 2.0 % complained about',
    'A dedicated IP address: not enough figures: 2 days of at least 14, and 1 000 tries are needed.',
    '  192.0.2.9 warms up: stage 3 of 15, 25.0 % of it sent (4 000 in the stage, 360 an hour)',
    '  "bounces": hard_bounce_rate > .05 in 1h: RINGS at 0.08; ours of 7 days: 6.7 %',
  ])
    assert.ok(out.split('\n').includes(line), `${line}\nis not in\n${out}`);
  assert.match(out, /^ {2}Gmail: 900 delivered, 10 critical and 0 other bounces, 0 and 0 delays; ours: 200 tries/m);
  assert.doesNotMatch(out, /192\.0\.2\.77/);
  assert.doesNotMatch(await queueOf(url), /warms up/);
});

const queueOf = async (url: string): Promise<string> =>
  (await runHere(addQueueCommand, ['queue'], { DATABASE_URL: url }, () => MORNING)).out;

test('the queue tells at which pace bulk leaves while the only address warms up', async (t) => {
  const { run, url } = await set(t, SENDING, []);
  await run();
  assert.match(await queueOf(url), /^mailgun warms up an IP address: bulk leaves at 360 an hour at most\.$/m);
});

test('the same as JSON, and further back', async (t) => {
  const { run } = await set(t, SENDING);
  const { addresses, account, ownAddress } = JSON.parse((await run('--days', '28', '--json')).out);
  assert.deepEqual(
    addresses.map((one: { ip: string; tries: number; blockRate: number }) => [one.ip, one.tries, one.blockRate]),
    [
      ['192.0.2.1', 200, 0.1],
      ['192.0.2.77', 50, 0],
      ['192.0.2.9', 50, 0],
    ],
  );
  assert.deepEqual([account.pools.length, account.unread, ownAddress.advice], [1, {}, 'not_enough']);
  assert.equal((await run('--days', '0')).code, 2);
});

test('what the key can not read is said to be so, and our own figures stand', async (t) => {
  const { run } = await set(t, { ...SENDING, denied: true });
  const { code, out } = await run();
  assert.equal(code, 0);
  assert.match(out, /^ {2}192\.0\.2\.1 \(mailgun\): 200 tries/m);
  assert.match(out, /^Warm-ups at Mailgun\n {2}could not be read: .*403/m);
  const { account } = JSON.parse((await run('--json')).out);
  assert.deepEqual([account.warmups, Object.keys(account.unread).length], [null, 5]);
});

test('a mail that arrived is checked for one click, and the exit code says whether it is right', async (t) => {
  const { run, url } = await set(t, {});
  const file = `${url.slice('sqlite:'.length)}.eml`;
  const fields = ['List-Unsubscribe: <https://example.com/u>', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click'];
  writeFileSync(file, [...fields, '', 'x'].join('\r\n'));
  const unsigned = await run('--received', file);
  assert.deepEqual([unsigned.code, /has no DKIM signature/.test(unsigned.out)], [1, true]);
  const signature = 'DKIM-Signature: v=1; h=From:List-Unsubscribe:List-Unsubscribe-Post; b=x';
  writeFileSync(file, [signature, ...fields, '', 'x'].join('\r\n'));
  assert.deepEqual(JSON.parse((await run('--received', file, '--json')).out), {
    ...{ by: 'one-click', signed: true, right: true },
  });
  assert.match((await run('--received', `${file}.none`)).err, /can't be read/);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addAlertsCommand } from '../../../src/commands/alerts.ts';
import type { Env } from '../../../src/config/env.ts';
import { startSimAlertmanager } from '../../../src/lab/servers/alertmanager.ts';
import { startSimPagerduty } from '../../../src/lab/servers/pagerduty.ts';
import { startSimSlack } from '../../../src/lab/servers/slack.ts';
import { startSimTwilio } from '../../../src/lab/servers/twilio.ts';
import { startSink } from '../../../src/lab/sim/sink.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { runHere } from '../support.ts';

const KEY = 'R0123456789abcdefghijklmnopqrstu';
const ACCOUNT = `AC${'1'.repeat(32)}`;

const run = (env: Env, ...args: string[]) =>
  runHere(addAlertsCommand, ['alerts', 'send-test', ...args], env, () => MORNING);

/** Every channel, each with its simulator. */
async function everyChannel(t: TestContext) {
  const sink = await startSink();
  const slack = await startSimSlack();
  const pagerduty = await startSimPagerduty(KEY);
  const twilio = await startSimTwilio(ACCOUNT, 'token');
  const alertmanager = await startSimAlertmanager(clockAt(MORNING + 1));
  for (const { close } of [sink, slack, pagerduty, twilio, alertmanager]) t.after(close);
  const env = {
    ADMIN_EMAILS: 'admin@example.com',
    ALERT_SMTP_URL: sink.url,
    ALERT_SLACK_URL: slack.hook,
    ALERT_WEBHOOK_URL: slack.hook,
    ALERT_PAGERDUTY_KEY: KEY,
    ALERT_PAGERDUTY_URL: pagerduty.url,
    ALERT_SMS_URL: `twilio://${ACCOUNT}:token@api.twilio.com?from=Homing&to=+4915112345678&api=${twilio.url}`,
    ALERT_ALERTMANAGER_URL: alertmanager.url,
  };
  return { env, sink, slack, pagerduty, twilio, alertmanager };
}

test('each configured channel is tried by itself, and says how long it took or what is wrong', async (t) => {
  const { env, sink, slack, pagerduty, twilio, alertmanager } = await everyChannel(t);
  const { code, out, err } = await run(env);
  assert.equal(err, '');
  const lines = out.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^ok {6}mail \(127\.0\.0\.1:\d+\) took it in \d+ ms$/);
  assert.match(lines[1] ?? '', /^ok {6}slack {10}took it in \d+ ms$/);
  assert.match(lines[2] ?? '', /^failed {2}webhook {8}it answered 400: no_text \(after \d+ ms\)$/);
  assert.deepEqual(
    lines.slice(3).map((line) => line.replace(/\d+ ms/, 'n ms')),
    ['pagerduty', 'sms', 'alertmanager'].map((name) => `ok      ${name.padEnd(14)} took it in n ms`),
  );
  assert.equal(code, 1);
  assert.equal(sink.mails.length, 1);
  assert.match(slack.texts[0] ?? '', /Nothing has happened/);
  assert.deepEqual(
    pagerduty.incidents.map(({ state }) => state),
    ['resolved'],
  );
  assert.equal(pagerduty.incidents[0]?.triggers[0]?.payload?.severity, 'info');
  assert.deepEqual(
    twilio.sms.map(({ text }) => text),
    ['Homing: a test of the alerts'],
  );
  assert.deepEqual([alertmanager.asked.length, alertmanager.firing()], [2, []]);
});

test('one channel alone is tried, and the results are given as JSON', async (t) => {
  const { env, slack, twilio } = await everyChannel(t);
  const { code, out } = await run(env, '--channel', 'sms', '--json');
  const { channels } = JSON.parse(out) as { channels: { channel: string; problems: string[] }[] };
  assert.deepEqual(
    channels.map(({ channel, problems }) => [channel, problems]),
    [['sms', []]],
  );
  assert.deepEqual([code, twilio.sms.length, slack.texts.length], [0, 1, 0]);
  twilio.feel('busy');
  const refused = await run(env, '--channel', 'sms');
  assert.deepEqual([refused.code, /^failed {2}sms +it answered 429: slow down/.test(refused.out)], [1, true]);
  assert.doesNotMatch(refused.out, /15112345678/);
});

test('a test by mail goes to whoever is on call, with ADMIN_EMAILS and without it', async (t) => {
  const sink = await startSink();
  t.after(sink.close);
  const env = {
    ALERT_SMTP_URL: sink.url,
    ALERT_ON_CALL: 'daily 08:00-18:00 ann@example.com; daily 18:00-08:00 bob@example.com',
  };
  assert.equal((await run({ ...env, ADMIN_EMAILS: 'admin@example.com' })).code, 0);
  assert.equal((await run(env)).code, 0);
  assert.deepEqual(
    sink.mails.map(({ to }) => to),
    [['ann@example.com'], ['ann@example.com']],
  );
  const nobody = await run({ ...env, ALERT_ON_CALL: 'daily 18:00-08:00 bob@example.com' });
  assert.deepEqual([nobody.code, /nobody is on call, and ADMIN_EMAILS is not set/.test(nobody.out)], [1, true]);
});

test('what is not configured, and what there is not, is an error', async () => {
  const nothing = await run({});
  assert.deepEqual([nothing.code, nothing.err], [1, 'No channel is configured: ADMIN_EMAILS is not set.\n']);
  const noServer = await run({ ADMIN_EMAILS: 'a@example.com' }, '--channel', 'mail');
  assert.deepEqual([noServer.code, noServer.err], [1, 'No alert goes by mail: there is no server for ADMIN_EMAILS.\n']);
  const unset = await run({}, '--channel', 'pagerduty');
  assert.deepEqual([unset.code, unset.err], [1, 'The channel pagerduty is not configured.\n']);
  assert.equal((await run({}, '--channel', 'pigeon')).code, 2);
  assert.equal((await run({ ALERT_SMS_URL: 'pigeon' })).code, 78);
});

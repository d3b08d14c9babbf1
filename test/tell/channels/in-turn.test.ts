import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, SECOND } from '../../../src/core/time.ts';
import { startSimAlertmanager } from '../../../src/lab/servers/alertmanager.ts';
import { LEFT_ALONE } from '../../../src/lab/servers/moody.ts';
import { startSimPagerduty } from '../../../src/lab/servers/pagerduty.ts';
import { startSimSlack } from '../../../src/lab/servers/slack.ts';
import { startSimTwilio } from '../../../src/lab/servers/twilio.ts';
import { raise } from '../../../src/store/alerts.ts';
import { type AlertDeps, bundleAlerts, sendAlerts } from '../../../src/tell/alert.ts';
import { createChannels } from '../../../src/tell/channels/create.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { logInto } from '../../support/homing.ts';
import { aNotice } from '../../support/notice.ts';
import { eachStore } from '../../support/stores.ts';

const KEY = 'R0123456789abcdefghijklmnopqrstu';
const ACCOUNT = `AC${'1'.repeat(32)}`;
const NOBODY = { ADMIN_EMAILS: [], SECONDARY: [], SECONDARY_SMTP_URL: [], MAILGUN_DOMAIN: [] };

eachStore(
  'an alert goes out by the fourth channel when three are down, and again when none takes it',
  async (given) => {
    const { t, store } = given;
    const slack = await startSimSlack();
    const pagerduty = await startSimPagerduty(KEY);
    const twilio = await startSimTwilio(ACCOUNT, 'token');
    for (const { close } of [slack, pagerduty, twilio]) t.after(close);
    const clock = clockAt();
    const config = {
      ...NOBODY,
      ALERT_SLACK_URL: slack.hook,
      ALERT_WEBHOOK_URL: `${slack.url}/hook`,
      ALERT_PAGERDUTY_KEY: KEY,
      ALERT_PAGERDUTY_URL: pagerduty.url,
      ALERT_SMS_URL: `twilio://${ACCOUNT}:token@api.twilio.com?from=Homing&to=+4915112345678&api=${twilio.url}`,
    };
    const how = { timeout: 1000, dataTimeout: 1000, now: clock, onCall: () => [] };
    const { alerts: channels } = createChannels(config, how);
    const waits = { group: 1, repeat: HOUR, lease: 60 * SECOND, pause: SECOND };
    const deps: AlertDeps = { store, channels, ...waits, publicUrl: null, now: clock, log: logInto([]) };
    const tell = async (name: string) => {
      await raise(store, { item_key: name, incident: name, kind: 'webhooks_silent', at: MORNING, detail: null });
      clock.advance(10);
      assert.equal(await bundleAlerts(deps), 1);
      return sendAlerts(deps);
    };
    slack.feel('failing');
    pagerduty.feel('busy');
    assert.equal(await tell('webhooks_silent:first'), 1);
    assert.deepEqual([slack.asked.length, pagerduty.asked.length, twilio.sms.length], [2, 1, 1]);

    twilio.feel('failing');
    assert.equal(await tell('webhooks_silent:second'), 0);
    assert.equal(pagerduty.asked.length, 1, 'it is left alone');
    clock.advance(LEFT_ALONE * SECOND);
    pagerduty.feel('well');
    assert.equal(await sendAlerts(deps), 1);
    assert.deepEqual(
      pagerduty.incidents.map(({ state, triggers }) => `${state} ${triggers.length}`),
      ['triggered 1'],
    );
    assert.equal(await sendAlerts(deps), 0);
  },
);

test('of several numbers, and of several Alertmanagers, all are left alone that ask for it', async (t) => {
  const clock = clockAt();
  const twilio = await startSimTwilio(ACCOUNT, 'token');
  const alertmanagers = [await startSimAlertmanager(clock), await startSimAlertmanager(clock)];
  for (const { close } of [twilio, ...alertmanagers]) t.after(close);
  const numbers = '+4915112345678,+4915112345679';
  const config = {
    ...NOBODY,
    ALERT_SMS_URL: `twilio://${ACCOUNT}:token@api.twilio.com?from=Homing&to=${numbers}&api=${twilio.url}`,
    ALERT_ALERTMANAGER_URL: alertmanagers.map(({ url }) => url),
  };
  const how = { timeout: 1000, dataTimeout: 1000, now: clock, onCall: () => [] };
  const { alerts: channels } = createChannels(config, how);
  const asked = () => [twilio, ...alertmanagers].map((one) => one.asked.length);
  for (const one of [twilio, ...alertmanagers]) one.feel('busy');
  for (const { send } of [...channels, ...channels]) await assert.rejects(send(aNotice()));
  assert.deepEqual(asked(), [2, 1, 1]);
  clock.advance(LEFT_ALONE * SECOND);
  alertmanagers[0]?.feel('failing');
  for (const { send } of [...channels, ...channels]) await assert.rejects(send(aNotice()));
  assert.deepEqual(asked(), [4, 3, 3], 'one that does not ask for it may be tried again');
});

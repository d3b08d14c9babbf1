import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimAlertmanager } from '../../../src/lab/servers/alertmanager.ts';
import { startMoody } from '../../../src/lab/servers/moody.ts';
import { examine, healthy } from './support.ts';

const AC = `AC${'0'.repeat(32)}`;

test('services that alerts go to are looked for, and nothing is sent to them', async (t) => {
  const { env } = await healthy(t);
  const service = await startMoody((_asked, response) => void response.writeHead(404).end());
  const gone = await startMoody(() => {});
  const alertmanager = await startSimAlertmanager(Date.now);
  t.after(service.close);
  t.after(alertmanager.close);
  await gone.close();
  const { of } = await examine({
    ...env,
    ALERT_SLACK_URL: `${service.url}/services/CANARY`,
    ALERT_WEBHOOK_URL: `${gone.url}/CANARY`,
    ALERT_PAGERDUTY_KEY: 'R0123456789abcdefghijklmnopqrstu',
    ALERT_PAGERDUTY_URL: service.url,
    ALERT_SMS_URL: `twilio://${AC}:CANARY@api.twilio.com?from=Homing&to=+4915112345678&api=${service.url}`,
    ALERT_ALERTMANAGER_URL: `${alertmanager.url}, ${service.url}`,
    HEARTBEAT_URL: `${service.url}/CANARY`,
    HEARTBEAT_PEER: `${gone.url}, ${service.url}`,
  });
  const told = (check: string) => of(check).map(({ status, says }) => `${status} ${says}`);
  const host = (url: string) => new URL(url).host;
  const there = (name: string, url: string) =>
    `ok ${name} (${host(url)}) is there; "homing alerts send-test" shows whether it takes alerts`;
  assert.deepEqual(told('alert channels'), [
    there('Slack', service.url),
    `problem the webhook (${host(gone.url)}): it did not answer: ECONNREFUSED`,
    there('PagerDuty', service.url),
    there('SMS', service.url),
    there('Alertmanager', alertmanager.url),
    `problem Alertmanager (${host(service.url)}): it answered 404: no words`,
  ]);
  assert.deepEqual(told('heartbeat'), [
    `ok the service (${host(service.url)}) is there`,
    `problem the daemon (${host(gone.url)}): it did not answer: ECONNREFUSED`,
    `problem the daemon (${host(service.url)}): it answered 404: no words`,
  ]);
  assert.deepEqual(told('alerts'), [
    'ok go by mail to 1 address and Slack and a webhook and PagerDuty and SMS and Alertmanager',
  ]);
  const asked = [...service.asked, ...alertmanager.asked];
  assert.deepEqual([...new Set(asked.map(({ method, path }) => `${method} ${path}`))].sort(), [
    'GET /',
    'GET /-/ready',
    'GET /heartbeat',
  ]);
  assert.ok(asked.every(({ body, headers }) => body === '' && headers.authorization === undefined));
});

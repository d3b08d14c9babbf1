import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secret, secrets } from '../../src/base/kinds.ts';
import { readConfig, SETTINGS } from '../../src/config/config.ts';
import { settingsShown } from '../../src/config/shown.ts';

const shownOf = (env: Record<string, string>) =>
  new Map(settingsShown(readConfig(env, 'database')).flatMap(({ settings }) => settings.map((one) => [one.name, one])));

test('every setting says what it is and where it comes from', () => {
  const shown = shownOf({ PORT: ' 9090 ', RETRY_UNIT: '10s', ALERT_REPEAT: '1h' });
  assert.deepEqual([...shown.keys()].sort(), [...SETTINGS.keys()].sort());
  const told = (name: string) => [shown.get(name)?.value, shown.get(name)?.from];
  assert.deepEqual(told('PORT'), ['9090', 'environment']);
  assert.deepEqual(told('LOG_LEVEL'), ['info', 'default']);
  assert.deepEqual(told('RETRY_PAUSE'), ['5s', 'RETRY_UNIT']);
  assert.deepEqual(told('ALERT_REPEAT'), ['1h', 'environment']);
  assert.deepEqual(told('PUBLIC_URL'), [null, null]);
  assert.match(shown.get('PUBLIC_URL')?.unset ?? '', /webhooks/);
  assert.equal(shown.get('PORT')?.unset, null);
});

const CANARY = 'Canary0123456789Canary0123456789';
const HEX = 'c0ffee'.repeat(11).slice(0, 64);

test('of a database its hosts are shown, and nothing of its login however that is written', () => {
  const shownAs = (url: string) => shownOf({ DATABASE_URL: url }).get('DATABASE_URL')?.value;
  assert.equal(shownAs(`mysql://homing:${CANARY}@a:3306,b,[::1]:3307/homing`), 'mysql://a:3306,b,[::1]:3307…');
  assert.equal(shownAs('mysql://homing:12,4711@a,b/homing'), 'mysql://a,b…');
});

test('no secret is shown, wherever one may stand', () => {
  const shown = shownOf({
    MAILGUN_API_KEY: CANARY,
    MAILGUN_WEBHOOK_SIGNING_KEY: `${CANARY},${CANARY}2`,
    MAILGUN_ALERT_KEY: CANARY,
    ENCRYPTION_KEY: HEX,
    API_TOKENS: CANARY,
    STATUSPAGE_SECRETS: CANARY,
    DATABASE_URL: `mysql://homing:${CANARY}@db.example:3306/homing?ssl=true`,
    SECONDARY: `smtp://ann:${CANARY}@relay.example:587, smtps://${CANARY}:x@other.example`,
    SECONDARY_SMTP_URL: `smtp://ann:${CANARY}@relay.example:25`,
    ALERT_SMTP_URL: `smtp://ann:${CANARY}@relay.example:25`,
    ALERT_SLACK_URL: `https://hooks.slack.example/services/${CANARY}`,
    ALERT_WEBHOOK_URL: `https://alerts.example/${CANARY}?key=${CANARY}`,
    ALERT_WEBHOOK_SECRET: `whsec_${CANARY.replaceAll(/[^A-Za-z0-9]/g, '').padEnd(40, 'a')}`,
    ALERT_PAGERDUTY_KEY: CANARY.padEnd(32, 'x').slice(0, 32),
    ALERT_SMS_URL: `https://sms.example/send?key=${CANARY}&text={text}`,
    ALERT_ALERTMANAGER_URL: `https://alerts.example/${CANARY},http://10.0.0.1:9093/${CANARY}`,
    DASHBOARD_USERS: `ann:owner:scrypt-32768-8-1-${'c'.repeat(22)}-${'d'.repeat(43)}`,
  });
  const all = JSON.stringify([...shown.values()]);
  assert.doesNotMatch(all, new RegExp(`${CANARY}|${HEX}|cccccccc|dddddddd`));
  const told = (name: string) => [shown.get(name)?.value, shown.get(name)?.isHidden];
  assert.deepEqual(told('MAILGUN_API_KEY'), [null, true]);
  assert.deepEqual(told('DASHBOARD_USERS'), [null, true]);
  assert.deepEqual(told('DATABASE_URL'), ['mysql://db.example:3306…', true]);
  assert.deepEqual(told('SECONDARY'), ['smtp://relay.example:587…, smtps://other.example…', true]);
  assert.deepEqual(told('ALERT_SLACK_URL'), ['https://hooks.slack.example…', true]);
  assert.deepEqual(shownOf({}).get('DATABASE_URL')?.value, 'sqlite:./data/homing.sqlite');
});

test('what sounds like a secret says how much of it is shown', () => {
  const hidden = [...SETTINGS].filter(
    ([, { kind, hides }]) => hides !== undefined || kind === secret || kind === secrets,
  );
  const names = hidden.map(([name]) => name);
  const files = ['TLS_KEY'];
  const open = ['PUBLIC_URL', 'MAILGUN_API_URL'];
  const doubtful = [...SETTINGS.keys()].filter((name) => /KEY|SECRET|TOKEN|PASS|USERS|URL|SECONDARY$/.test(name));
  assert.deepEqual(
    doubtful.filter((name) => !names.includes(name)),
    [...SETTINGS.keys()].filter((name) => files.includes(name) || open.includes(name)),
  );
});

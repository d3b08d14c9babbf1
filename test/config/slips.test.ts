import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTINGS } from '../../src/config/config.ts';
import { slipsIn } from '../../src/config/slips.ts';

const KNOWN = [...SETTINGS.keys()];
const meantBy = (name: string): string | null | undefined => slipsIn([name], KNOWN)[0]?.meant;

test('a slip is told together with the setting that was meant', () => {
  for (const [slip, meant] of Object.entries({
    ADMIN_EMAIL: 'ADMIN_EMAILS',
    ADMIN_EMIALS: 'ADMIN_EMAILS',
    SECONDARY_SMTP: 'SECONDARY_SMTP_URL',
    RETRY_MAXATTEMPTS: 'RETRY_MAX_ATTEMPTS',
    MAILGUN_DOMAINS: 'MAILGUN_DOMAIN',
    MAILGUN_APIKEY: 'MAILGUN_API_KEY',
    MAILGUN_KEY: 'MAILGUN_API_KEY',
    MAILGUN_URL: 'MAILGUN_API_URL',
    mailgun_api_key: 'MAILGUN_API_KEY',
    'MAILGUN_API_KEY ': 'MAILGUN_API_KEY',
    MAILGUN_SIGNING_KEY: 'MAILGUN_WEBHOOK_SIGNING_KEY',
    WEBHOOK_SIGNING_KEY: 'MAILGUN_WEBHOOK_SIGNING_KEY',
    ACCESS_FALLBACK: 'ACCESS_FALLBACK_AFTER',
    ALERT_SLACK: 'ALERT_SLACK_URL',
    REPORT_TIME_ZONE: 'REPORT_TIMEZONE',
    HOMING_RULE: 'HOMING_RULES',
    API_TOKEN: 'API_TOKENS',
    ENCRYPTON_KEY: 'ENCRYPTION_KEY',
    MAILGUN_REGION: 'MAILGUN_API_URL',
    ALERT_EMAILS: 'ADMIN_EMAILS',
    HOMING_DATABASE_URL: 'DATABASE_URL',
  }))
    assert.equal(meantBy(slip), meant, slip);
});

test('a name that begins like ours alone is told even when it resembles nothing', () => {
  for (const name of ['RETRY_LIMIT', 'HOMING_COLOUR', 'ALERT_PIGEON']) assert.equal(meantBy(name), null, name);
});

test('what belongs to others is none of our business', () => {
  const others =
    'PATH HOME HOSTNAME HOSTS PORTS LEASES NODE_ENV API_KEY API_URL SMTP_URL DB_URL DATABASE LOG_FILE PUBLIC_DIR MAILGUN_SECRET ' +
    'MAILGUN_SMTP_LOGIN MAILGUN_SMTP_PASSWORD MAILGUN_PUBLIC_KEY ACCESS_TOKEN ADMIN_PASSWORD REPORT_BUCKET HOMING_URL HOMING_TOKEN HOMING_HOST';
  assert.deepEqual(slipsIn(others.split(' '), KNOWN), []);
});

test('no setting is a slip of another', () => {
  assert.deepEqual(slipsIn(KNOWN, KNOWN), []);
});

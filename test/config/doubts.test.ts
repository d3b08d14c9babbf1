import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { doubtsAbout, unsetIn } from '../../src/config/doubts.ts';
import type { Env } from '../../src/config/env.ts';

const doubts = (env: Env): string[] => doubtsAbout(env, readConfig(env, 'database'));

test('what nobody doubts is not told', () => {
  const sound = {
    MAILGUN_API_KEY: 'key-0123456789abcdef',
    MAILGUN_WEBHOOK_SIGNING_KEY: '7b1d7e0a5f3c4b2e',
    ENCRYPTION_KEY: '7b1d7e0a5f3c4b2e8d6f9a0c1e2b3d4f5a6978c0d1e2f3a4b5c6d7e8f9a0b1c2',
    API_TOKENS: '0123456789abcdef,fedcba9876543210',
    SECONDARY_SMTP_URL:
      'smtp://user:pass@relay.example.com,smtp://user:pass@127.0.0.1:25?tls=off,smtp://open.example.com?tls=off',
    ALERT_SMTP_URL: 'smtps://user:pass@alerts.example.com',
    NODE_ENV: 'production',
  };
  assert.deepEqual(doubts(sound), []);
});

test('each thing that is most likely a mistake is told with its name and without its value', () => {
  const doubtful: Env = {
    MAILGUN_API_KEY: 'changeme',
    MAILGUN_WEBHOOK_SIGNING_KEY: 'fine,your-signing-key',
    API_TOKENS: 'hunter2',
    ENCRYPTION_KEY: 'ab'.repeat(32),
    SECONDARY_SMTP_URL: 'smtp://user:hunter2@relay.example.com?tls=off',
    SECONDARY: 'smtps://relay.example.com,smtp://user:hunter2@relay.example.com?tls=off',
    ALERT_SMTP_URL: 'smtp://user:hunter2@relay.example.com?tls=optional',
    LEASE: '30s\n',
    DATABASE_URL: 'sqlite::memory:',
    RETRY_LIMIT: 'hunter2',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  };
  for (const [name, value] of Object.entries(doubtful)) {
    const told = doubts({ [name]: value });
    assert.equal(told.length, 1, name);
    assert.ok(told[0]?.includes(name), told[0]);
    assert.doesNotMatch(told.join(), /hunter2|changeme|your-/);
  }
  assert.equal(doubts(doubtful).length, Object.keys(doubtful).length);
});

test('a key that can be guessed is told, whatever makes it so', () => {
  const plain = [
    'x',
    'abc',
    'key-',
    'changeme-2026',
    'change-this-please',
    'key-xxxxxxxxxxxxxxxxxxxx',
    'TEST',
    'undefined',
  ];
  const long = [
    '0'.repeat(32),
    'abab'.repeat(8),
    '1234567890123456',
    '$MAILGUN_API_KEY',
    `key-${SAMPLE}`,
    'your-api-key-goes-here',
  ];
  for (const name of ['MAILGUN_API_KEY', 'MAILGUN_WEBHOOK_SIGNING_KEY', 'API_TOKENS'])
    for (const key of [...plain, ...long]) assert.equal(doubts({ [name]: key }).length, 1, `${name}=${key}`);
  for (const key of ['0'.repeat(64), 'ab'.repeat(32), '0123456789abcdef'.repeat(4), '0123456789ABCDEF'.repeat(4)])
    assert.match(doubts({ ENCRYPTION_KEY: key }).join(), /^ENCRYPTION_KEY has one that can be guessed/);
});

const SAMPLE = '3ax6xnjp29jd6fds4gc373sgvjxteol0';

test('a server elsewhere whose certificate is not checked is told, whichever setting names it', () => {
  for (const name of ['SECONDARY_SMTP_URL', 'SECONDARY', 'ALERT_SMTP_URL']) {
    assert.match(
      doubts({ [name]: 'smtps://user:pass@relay.example.com?insecure=1' }).join(),
      /certificate is not checked/,
    );
    assert.deepEqual(doubts({ [name]: 'smtps://user:pass@127.0.0.1?insecure=1' }), []);
  }
});

test('a key of another kind, and a secondary that is Mailgun itself, are told', () => {
  const key = '7b1d7e0a5f3c4b2e8d6f';
  const same = { MAILGUN_API_KEY: key, MAILGUN_WEBHOOK_SIGNING_KEY: `${key}9,${key}` };
  assert.match(doubts(same).join(), /^MAILGUN_WEBHOOK_SIGNING_KEY is the API key/);
  for (const kind of ['api:', 'pubkey-'])
    assert.match(doubts({ MAILGUN_API_KEY: kind + key }).join(), /^MAILGUN_API_KEY begins like/);
  for (const name of ['SECONDARY_SMTP_URL', 'SECONDARY', 'ALERT_SMTP_URL'])
    assert.match(doubts({ [name]: 'smtp://user:pass@smtp.eu.mailgun.org:587' }).join(), /Mailgun itself/);
});

test('a name with what can not be seen in it is told in a form that can be printed', () => {
  assert.deepEqual(doubts({ '\u202eMAILGUN_API_KEY\u200b\n': 'x' }), [
    '"?MAILGUN_API_KEY?\\n" is not a setting and is ignored: did you mean MAILGUN_API_KEY?',
  ]);
});

test('what is not set is told with what follows from it, until it is set', () => {
  const unset = (env: Env) => [...unsetIn(readConfig(env, 'database')).keys()].sort();
  assert.deepEqual(unset({}), [
    'ADMIN_EMAILS',
    'API_TOKENS',
    'BACKUP_DIR',
    'DASHBOARD_USERS',
    'ENCRYPTION_KEY',
    'PUBLIC_URL',
    'SECONDARY_SMTP_URL',
  ]);
  assert.deepEqual(unset({ ADMIN_EMAILS: 'a@example.com', API_TOKENS: 't', PUBLIC_URL: 'https://x.example' }), [
    'BACKUP_DIR',
    'DASHBOARD_USERS',
    'ENCRYPTION_KEY',
    'SECONDARY_SMTP_URL',
  ]);
  assert.ok(!unset({ SECONDARY: 'smtp://relay.example.com' }).includes('SECONDARY_SMTP_URL'), 'the one is enough');
});

test('who is on call without ADMIN_EMAILS leaves hours of nobody, and is a way of the ladder', () => {
  const onCall = { ALERT_ON_CALL: 'mon-fri 08:00-18:00 ann@example.com', ALERT_LADDER: 'mail' };
  assert.match(doubts(onCall).join(), /^ALERT_ON_CALL is set, and ADMIN_EMAILS is not: [^,]+, [^,]+$/);
  assert.deepEqual(doubts({ ...onCall, ADMIN_EMAILS: 'all@example.com' }), []);
});

test('MailerSend without the secret of its webhook is doubted, as nobody hears what became of its mail', () => {
  const url = 'mailersend://token@api.mailersend.com';
  assert.match(doubts({ SECONDARY: url }).join(), /^SECONDARY has no signing secret for the webhooks of MailerSend/);
  for (const name of ['signing', 'secret']) assert.deepEqual(doubts({ SECONDARY: `${url}?${name}=s` }), []);
  assert.match(doubts({ SECONDARY: 'mailersend://t@api.example.com?signing=s' }).join(), /not below mailersend\.com/);
});

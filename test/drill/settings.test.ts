import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from '../../src/config/config.ts';

const NEEDED = {
  MAILGUN_API_KEY: 'key-3f1c',
  MAILGUN_DOMAIN: 'mg.example.com',
  MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-77aa',
};

const problems = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig({ ...NEEDED, ...env }, 'daemon');
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
};

const CRON = '0 3 1 * *';
const STAGING = {
  DRILL_CRON: CRON,
  DRILL_AGAINST: 'staging',
  DRILL_DOMAIN: 'drill.example.com',
  DRILL_RECIPIENTS: 'me@example.com',
};

test('a schedule of drills says what they are played against', () => {
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems({ DRILL_CRON: CRON, DRILL_AGAINST: 'demo' }), []);
  assert.deepEqual(problems(STAGING), []);
  assert.deepEqual(problems({ DRILL_CRON: CRON }), ['DRILL_CRON needs DRILL_AGAINST to be set']);
  assert.match(problems({ ...STAGING, DRILL_DOMAIN: '' }).join(), /needs DRILL_DOMAIN/);
  assert.match(problems({ ...STAGING, DRILL_RECIPIENTS: '' }).join(), /needs DRILL_RECIPIENTS/);
  assert.match(
    problems({ ...STAGING, DRILL_DOMAIN: 'MG.example.com' }).join(),
    /^mg\.example\.com is in MAILGUN_DOMAIN: /,
  );
  const silent = { ...STAGING, DRILL_PRIMARY: 'accepts-but-silent' };
  assert.match(
    problems({ ...silent, DRILL_RECIPIENTS: 'a@a.example,b@a.example,c@b.example' }).join(),
    /at 3 domains or more/,
  );
  assert.deepEqual(problems({ ...silent, DRILL_RECIPIENTS: 'a@a.example,b@b.example,c@c.example' }), []);
});

test('a fault that no drill may have keeps the daemon from starting, and not each drill from passing', () => {
  for (const length of ['4s', '13h'])
    assert.deepEqual(problems({ DRILL_FOR: length }), ['DRILL_FOR must be from 5s to 12h']);
  for (const length of ['5s', '12h']) assert.deepEqual(problems({ DRILL_FOR: length }), []);
});

test('what can not be read is refused with a word on what is expected', () => {
  const wrong: Record<string, string> = {
    DRILL_CRON: 'monthly',
    DRILL_AGAINST: 'production',
    DRILL_PRIMARY: 'up',
    DRILL_FOR: '20 minutes',
    DRILL_DOMAIN: 'not a domain',
    DRILL_RECIPIENTS: 'nobody',
  };
  for (const [name, value] of Object.entries(wrong)) {
    const [first, ...others] = problems({ [name]: value, ...(name === 'DRILL_CRON' ? { DRILL_AGAINST: 'demo' } : {}) });
    assert.match(String(first), new RegExp(`^${name} must be `));
    assert.deepEqual(others, []);
  }
});

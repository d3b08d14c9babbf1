import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Config, ConfigError, readConfig } from '../../src/config/config.ts';
import { domainsIn } from '../../src/providers/mailgun/settings.ts';

const DAEMON = { MAILGUN_API_KEY: 'key-1', MAILGUN_DOMAIN: 'mg.example.com', MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-1' };

function problemsOf(env: Record<string, string | undefined>, need: 'daemon' | 'database' = 'daemon'): string[] {
  try {
    readConfig({ ...DAEMON, ...env }, need);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    for (const problem of error.problems) assert.ok(error.message.includes(problem));
    return [...error.problems];
  }
}

const read = (env: Record<string, string>): Config => readConfig(env, 'database');

test('every problem is listed at once, each with the name of its setting', () => {
  const wrong = {
    DATABASE_URL: 'postgres://db',
    PORT: '99999',
    LOG_LEVEL: 'loud',
    MAILGUN_API_KEY: '',
    MAILGUN_API_URL: 'ftp://mailgun',
    SECONDARY_SMTP_URL: 'relay.example.com',
    SECONDARY: 'relay://relay.example.com',
    ADMIN_EMAILS: 'nobody',
    ENCRYPTION_KEY: 'abc',
    RETRY_CODES: '5xx',
    LEASE: 'soon',
    RECONCILE_CRON: 'hourly',
  };
  const named = problemsOf(wrong).map((problem) => problem.split(' ')[0]);
  assert.deepEqual(named.sort(), Object.keys(wrong).sort());
});

test('the daemon needs key, domain and signing key; the other commands the database alone', () => {
  const nothing = { MAILGUN_API_KEY: '', MAILGUN_DOMAIN: undefined, MAILGUN_WEBHOOK_SIGNING_KEY: '' };
  assert.equal(problemsOf(nothing).length, 3);
  assert.deepEqual(problemsOf(nothing, 'database'), []);
});

test('what is missing because its name was misspelt is told together with the name that was found', () => {
  const { MAILGUN_DOMAIN: MAILGUN_DOMAINS, ...others } = DAEMON;
  assert.throws(
    () => readConfig({ ...others, MAILGUN_DOMAINS }, 'daemon'),
    /MAILGUN_DOMAIN must be set \(see \.env\.example\); "MAILGUN_DOMAINS" is no setting/,
  );
});

test('an empty value counts as not set', () => {
  assert.equal(read({ PORT: '' }).PORT, 8080);
  assert.deepEqual(read({ ENCRYPTION_KEY: '' }).ENCRYPTION_KEY, []);
});

test('space, line ends and byte order marks around a value are left out', () => {
  const around = {
    MAILGUN_API_KEY: 'key-1\n',
    MAILGUN_WEBHOOK_SIGNING_KEY: '\ufeffsign-1\r\n',
    LEASE: ' 30s ',
    PORT: '  ',
  };
  const config = readConfig({ ...DAEMON, ...around }, 'daemon');
  assert.deepEqual([config.MAILGUN_API_KEY, config.MAILGUN_WEBHOOK_SIGNING_KEY], ['key-1', ['sign-1']]);
  assert.deepEqual([config.LEASE, config.PORT], [30_000, 8080]);
});

test('quotes that have reached the program are refused, whatever they stand around', () => {
  for (const [name, value] of Object.entries({
    MAILGUN_API_KEY: '"key-1"',
    MAILGUN_WEBHOOK_SIGNING_KEY: "'sign-1'",
    MAILGUN_DOMAIN: '"mg.example.com"',
    DATABASE_URL: '"sqlite:./x"',
    SPOOL_DIR: "'/var/spool'",
    ALERT_FROM: '"Homing <homing@example.com>"',
  }))
    assert.match(problemsOf({ [name]: value }).join(), new RegExp(`^${name} is in quotes`), name);
  assert.match(problemsOf({ API_TOKENS: 'good,"other"' }).join(), /^API_TOKENS .*quotes/);
  assert.deepEqual(problemsOf({ ALERT_FROM: '"Homing, alerts" <homing@example.com>' }), []);
});

test('what can be no domain of Mailgun, and no base of its API, stops the start', () => {
  for (const MAILGUN_DOMAIN of [
    'https://mg.example.com',
    'mg.example.com/',
    'localhost',
    'mg example.com',
    'müller.de',
    ',',
  ])
    assert.match(problemsOf({ MAILGUN_DOMAIN }).join(), /^MAILGUN_DOMAIN must be/, MAILGUN_DOMAIN);
  assert.deepEqual(problemsOf({ MAILGUN_DOMAIN: 'MG.Example.com, xn--mller-kva.de, under_score.example.co.uk' }), []);
  assert.match(problemsOf({ MAILGUN_API_URL: 'https://api.mailgun.net/v3' }).join(), /^MAILGUN_API_URL .*\/v3/);
  for (const rest of ['?a=b', '#v3'])
    assert.equal(problemsOf({ MAILGUN_API_URL: `https://api.mailgun.net${rest}` }).length, 1);
  assert.deepEqual(problemsOf({ MAILGUN_API_URL: 'https://api.eu.mailgun.net/' }), []);
});

test('a database password that ends its part of the URL, and an option that is not known, are refused unseen', () => {
  for (const url of ['mysql://u:1/hunter2@db/d', 'mysql://u:x/hunter2@db/d', 'mysql://u:p@db/d?hunter2=1']) {
    const problems = problemsOf({ DATABASE_URL: url }, 'database');
    assert.match(problems.join(), /^DATABASE_URL (?:must be .*%2F|has an option)/);
    assert.doesNotMatch(problems.join(), /hunter2/);
  }
});

test('no problem repeats a value, which may be a secret', () => {
  const urls = ['DATABASE_URL', 'SECONDARY_SMTP_URL', 'SECONDARY', 'ALERT_SMTP_URL', 'ALERT_SLACK_URL'];
  for (const name of [
    ...urls,
    'ENCRYPTION_KEY',
    'LEASE',
    'ADMIN_EMAILS',
    'RETRY_CODES',
    'RETRY_SPREAD',
    'LOG_LEVEL',
    'PORT',
    'RETRY_BASE',
  ]) {
    const problems = problemsOf({ [name]: 'hunter2://hunter2' });
    assert.equal(problems.length, 1, name);
    assert.doesNotMatch(problems.join(), /hunter2/);
  }
});

test('a secondary of a kind that is not known stops the start, and the schemes that are known are named', () => {
  for (const url of ['carrier-pigeon://token@host', 'smtp', 'http://relay.example.com', 'SMTX://relay.example.com'])
    for (const name of ['SECONDARY', 'SECONDARY_SMTP_URL', 'ALERT_SMTP_URL'])
      assert.match(problemsOf({ [name]: url }).join(), new RegExp(`^${name} .*smtp://`), `${name}=${url}`);
  assert.match(problemsOf({ SECONDARY: 'smtp://a.example.com,pigeon://t@h' }).join(), /smtp:\/\/ or smtps:\/\//);
  for (const SECONDARY of ['constructor:', 'tostring://x'])
    assert.equal(problemsOf({ SECONDARY }).length, 1, SECONDARY);
  assert.deepEqual(problemsOf({ SECONDARY: 'SMTP://a.example.com, smtps://user:pass@b.example.com' }), []);
});

test('MailerSend is named once, with a token, and what is wrong with its URL is told without what is in it', () => {
  const right = 'mailersend://mlsn.t%2Fk@api.mailersend.com?signing=hunter2';
  assert.deepEqual(problemsOf({ SECONDARY: `smtp://a.example.com,${right}` }), []);
  assert.match(problemsOf({ SECONDARY: `${right},${right}` }).join(), /names a provider twice/);
  for (const wrong of ['mailersend://hunter2', 'mailersend://hun/ter2@h', `${right}&api=http://hunter2.example`])
    assert.match(problemsOf({ SECONDARY: wrong }).join(), /^SECONDARY has a wrong MailerSend URL: (?!.*hun)/);
  assert.match(problemsOf({ SECONDARY: 'mailersend://t@h?headers=hunter2' }).join(), /"headers" must be "1" /);
});

test('a list of durations is read, and refused as a whole', () => {
  assert.deepEqual(read({ ACCESS_WAITS: '30s, 1m' }).ACCESS_WAITS, [30_000, 60_000]);
  for (const ACCESS_WAITS of ['30s,soon', ',']) assert.equal(problemsOf({ ACCESS_WAITS }).length, 1);
});

test('codes are read as single ones and ranges, and a range must not run backwards', () => {
  assert.deepEqual(read({ RETRY_CODES: '550, 552-554' }).RETRY_CODES, [
    { from: 550, to: 550 },
    { from: 552, to: 554 },
  ]);
  for (const RETRY_CODES of ['554-500', '50', '5500', '550-', 'all'])
    assert.equal(problemsOf({ RETRY_CODES }).length, 1);
});

test('a share is read with and without the percent sign', () => {
  const shares = ['10%', '0', '0.25', '12.5%'].map((RETRY_SPREAD) => read({ RETRY_SPREAD }).RETRY_SPREAD);
  assert.deepEqual(shares, [0.1, 0, 0.25, 0.125]);
  for (const RETRY_SPREAD of ['-1%', '100%', '1', 'some']) assert.equal(problemsOf({ RETRY_SPREAD }).length, 1);
});

test('numbers keep to their ranges', () => {
  for (const [name, value] of Object.entries({
    PORT: '65536',
    RETRY_BASE: '0.5',
    RETRY_MAX_ATTEMPTS: '0',
    ACCESS_ATTEMPTS: '1.5',
    UNSUPPRESS_MAX_PER_DAY: '-1',
    RETENTION_DAYS: 'many',
  }))
    assert.equal(problemsOf({ [name]: value }).length, 1, name);
  assert.equal(read({ UNSUPPRESS_MAX_PER_DAY: '0' }).UNSUPPRESS_MAX_PER_DAY, 0);
});

test('plain http to Mailgun is refused unless the host is named with its port', () => {
  const url = { MAILGUN_API_URL: 'http://127.0.0.1:9999' };
  assert.match(problemsOf(url).join(), /plain http/);
  assert.match(problemsOf({ ...url, MAILGUN_STORAGE_HOSTS: '127.0.0.1' }).join(), /plain http/);
  assert.match(problemsOf({ ...url, MAILGUN_STORAGE_HOSTS: '127.0.0.1:9998' }).join(), /plain http/);
  assert.deepEqual(problemsOf({ ...url, MAILGUN_STORAGE_HOSTS: '*.mailgun.net, 127.0.0.1:9999' }), []);
  assert.deepEqual(problemsOf({ MAILGUN_API_URL: 'https://api.eu.mailgun.net' }), []);
});

test('a life, a lease and a pause are longer than nothing', () => {
  for (const name of [
    'LEASE',
    'DUE_POLL',
    'RETRY_PAUSE',
    'RETRY_UNIT',
    'NOTICE_LIFE',
    'ACCESS_LIFE',
    'BULK_LIFE',
    'SILENCE_AFTER',
  ])
    assert.deepEqual(problemsOf({ [name]: '0s' }), [`${name} must be longer than nothing`]);
  assert.deepEqual(problemsOf({ ALERT_GROUP: '0s' }), []);
});

test('the API key is let out to hosts that are named, and not to whole top-level domains', () => {
  for (const host of [
    '*',
    '*.net',
    '.mailgun.net',
    '*.mailgun.net.',
    'https://storage.mailgun.net',
    'mailgun.net/v3',
    'a b',
  ])
    assert.equal(problemsOf({ MAILGUN_STORAGE_HOSTS: host }).length, 1, host);
  for (const host of ['*.mailgun.net', 'storage-eu.mailgun.net', 'localhost:8080', '[::1]:8080', '*.mail.example:8443'])
    assert.deepEqual(problemsOf({ MAILGUN_STORAGE_HOSTS: host }), [], host);
});

test('a URL that is asked or shown has no password in it, and the public one no path of the daemon', () => {
  for (const name of ['PUBLIC_URL', 'ALERT_SLACK_URL', 'ALERT_WEBHOOK_URL', 'MAILGUN_API_URL']) {
    const [problem] = problemsOf({ [name]: 'https://user:hunter2@host.example' });
    assert.equal(problem, `${name} must not have a user or a password in it`);
  }
  for (const path of ['?a=b', '#x', '/webhooks/mailgun', '/sub/webhooks/mailgun/'])
    assert.equal(problemsOf({ PUBLIC_URL: `https://host.example${path}` }).length, 1, path);
  assert.deepEqual(problemsOf({ PUBLIC_URL: 'https://host.example/sub/' }), []);
});

test('what alerts are sent with is checked before anything is sent', () => {
  const good = {
    ALERT_WEBHOOK_URL: 'https://alerts.example/hook',
    ALERT_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24).toString('base64')}, whsec_${Buffer.alloc(64).toString('base64')}`,
    ALERT_PAGERDUTY_KEY: 'R0123456789abcdefghijklmnopqrstu',
    ALERT_PAGERDUTY_URL: 'https://events.eu.pagerduty.com',
    ALERT_SMS_URL: `twilio://AC${'0'.repeat(32)}:token@api.twilio.com?from=Homing&to=+4915112345678`,
    ALERT_ALERTMANAGER_URL: 'http://10.0.0.1:9093, https://alerts.example/base/',
  };
  assert.deepEqual(problemsOf(good), []);
  assert.equal(read(good).ALERT_ALERTMANAGER_URL.length, 2);
  const bad = {
    ALERT_WEBHOOK_SECRET: [
      'whsec_short',
      `whsec_${Buffer.alloc(65).toString('base64')}`,
      Buffer.alloc(32).toString('base64'),
    ],
    ALERT_PAGERDUTY_KEY: ['R0123456789', 'key with spaces and thirty-two c'],
    ALERT_PAGERDUTY_URL: ['https://evil.example', 'http://events.pagerduty.com', 'https://notpagerduty.com'],
    ALERT_SMS_URL: ['sms:+4915112345678', 'https://gateway.example/hunter2?to={to}'],
    ALERT_ALERTMANAGER_URL: ['alerts:9093', 'https://ann:hunter2@alerts.example'],
  };
  for (const [name, values] of Object.entries(bad))
    for (const value of values) {
      const [problem = '', ...others] = problemsOf({ ...good, [name]: value });
      assert.deepEqual([problem.split(' ')[0], others], [name, []]);
      assert.ok(!problem.includes(value), problem);
    }
  assert.deepEqual(problemsOf({ ...good, ALERT_WEBHOOK_URL: '' }), [
    'ALERT_WEBHOOK_SECRET needs ALERT_WEBHOOK_URL to be set',
  ]);
});

test('lists are split at commas, and domains are compared in lower case', () => {
  const config = read({ MAILGUN_DOMAIN: 'MG.Example.com, ,mail.example.org,mg.example.com', API_TOKENS: 'a, b' });
  assert.deepEqual(domainsIn(config), ['mg.example.com', 'mail.example.org']);
  assert.deepEqual(config.API_TOKENS, ['a', 'b']);
});

test('a cron expression, a time zone and an SMTP URL are checked before anything starts', () => {
  for (const wrong of [
    { RECONCILE_CRON: '61 * * * *' },
    { RECONCILE_CRON: '0 * 1 * 1' },
    { RECONCILE_CRON: '0 0 */5 * 1-5' },
    { RECONCILE_CRON: '0 0 30 2 *' },
    { REPORT_CRON: '0 0 30 2 *' },
    { REPORT_CRON: 'H 7 * * *' },
    { REPORT_CRON: '@daily' },
    { REPORT_CRON: '? 7 ? * *' },
    { REPORT_CRON: '0 7 * *' },
    { REPORT_CRON: '0 7 * * Monday' },
    { REPORT_CRON: '0 7 LW * *' },
    { REPORT_TIMEZONE: 'Europe/Atlantis' },
    { SECONDARY_SMTP_URL: 'smtp://user:pa/ss@relay.example.com' },
    { ALERT_SMTP_URL: 'smtp://relay.example.com?tls=maybe' },
  ])
    assert.equal(problemsOf(wrong).length, 1, JSON.stringify(wrong));
  const right = {
    RECONCILE_CRON: '*/5 * * * * *',
    REPORT_CRON: '0 7 1,15 * mon',
    REPORT_TIMEZONE: 'Europe/Berlin',
    SECONDARY_SMTP_URL: 'smtps://a.example.com,smtp://b',
  };
  assert.deepEqual(problemsOf(right), []);
});

test('the daemon does not start on wrong rules, and names all that is wrong with them', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-rules-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'rules.json');
  writeFileSync(file, '[{ "name": "a", "match": "x" }, { "match": "/(x+)+/", "cause": "loop" }]');
  assert.deepEqual(problemsOf({ HOMING_RULES: file }), [
    'HOMING_RULES: rule 1 ("a"): needs a cause or a decision',
    'HOMING_RULES: rule 2: needs a name',
    problemsOf({ HOMING_RULES: file }).find((one) => one.includes('unsafe')),
  ]);
  const [missing] = problemsOf({ HOMING_RULES: join(folder, 'none.json') });
  assert.match(missing ?? '', /^HOMING_RULES: .*can't be read: ENOENT$/);
  writeFileSync(file, '[{ "name": "a", "match": "x", "cause": "loop" }]');
  assert.deepEqual(problemsOf({ HOMING_RULES: file }), []);
});

test('waits that are not set follow the retry unit, and never grow beyond their usual length', () => {
  const short = readConfig({ RETRY_UNIT: '1s' }, 'database');
  assert.deepEqual(
    [short.RETRY_PAUSE, short.ALERT_GROUP, short.ADOPT_AFTER, short.ASK_PATIENCE],
    [500, 2000, 5000, 10_000],
  );
  const long = readConfig({ RETRY_UNIT: '10m' }, 'database');
  assert.deepEqual([long.RETRY_PAUSE, long.ALERT_REPEAT], [30_000, 900_000]);
  assert.equal(readConfig({ RETRY_UNIT: '1s', RETRY_PAUSE: '7s' }, 'database').RETRY_PAUSE, 7000);
});

test('a domain for bounces is a domain, and needs the key that signs its addresses', () => {
  assert.equal(
    read({ BOUNCE_DOMAIN: 'Bounces.Example.com', ENCRYPTION_KEY: 'ab'.repeat(32) }).BOUNCE_DOMAIN,
    'bounces.example.com',
  );
  assert.deepEqual(problemsOf({ BOUNCE_DOMAIN: 'bounces.example.com' }), [
    'BOUNCE_DOMAIN needs ENCRYPTION_KEY to be set',
  ]);
  for (const wrong of ['bounces', 'x@bounces.example.com', 'https://bounces.example.com', '127.0.0.1:25'])
    assert.match(
      problemsOf({ BOUNCE_DOMAIN: wrong, ENCRYPTION_KEY: 'ab'.repeat(32) }).join(),
      /^BOUNCE_DOMAIN must be/,
      wrong,
    );
  // One problem at a time: what is wrong is not missing.
  assert.equal(problemsOf({ BOUNCE_DOMAIN: 'bounces.example.com', ENCRYPTION_KEY: 'short' }).length, 1);
});

// One daemon, one account, two regions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Config, ConfigError, readConfig } from '../../src/config/config.ts';
import { HOUR } from '../../src/core/time.ts';
import { BLOCKED_IP, NO_SUCH_USER } from '../../src/lab/sim/fates.ts';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { apiOf, domainsIn } from '../../src/providers/mailgun/settings.ts';
import { clockAt } from '../support/clock.ts';
import { DOMAIN, only, SIGNING_KEY, startByHand } from '../support/homing.ts';

const EU = 'eu.example.com';

test('mail of a domain in the other region is sent, asked about and retried there', async (t) => {
  const clock = clockAt();
  const quirks = { deliveryLatency: 800, webhookLatency: 200 };
  const account = { apiKey: 'key-test', signingKey: SIGNING_KEY, domains: [EU], clock, quirks };
  const eu = await startSimMailgun(account);
  const us = await startByHand(t, {
    poll: true,
    env: { ENCRYPTION_KEY: 'ab'.repeat(32) },
    adjust(config) {
      const hosts = [...config.MAILGUN_STORAGE_HOSTS, new URL(eu.url).host];
      const env = { MAILGUN_DOMAIN: `${DOMAIN},${EU}=${eu.url}`, MAILGUN_STORAGE_HOSTS: hosts.join(',') };
      const { MAILGUN_DOMAIN, MAILGUN_STORAGE_HOSTS } = readConfig(env, 'database');
      return { ...config, MAILGUN_DOMAIN, MAILGUN_STORAGE_HOSTS };
    },
  });
  t.after(eu.close);
  eu.setWebhook(null);
  eu.fate('ann@inbox.test', [BLOCKED_IP, 'deliver']);
  eu.fate('bob@inbox.test', NO_SUCH_USER);
  const ids: string[] = [];
  for (const to of ['ann@inbox.test', 'bob@inbox.test']) {
    const response = await fetch(`${us.url}/v3/${EU}/messages`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('api:token').toString('base64')}` },
      body: new URLSearchParams({ from: `team@${EU}`, to, subject: 'Hi', text: 'Hi' }),
    });
    const { id } = (await response.json()) as { id: string };
    const row = await us.store
      .db('messages')
      .where({ message_id: id.slice(1, -1) })
      .first('id');
    ids.push(row.id);
  }
  for (let minute = 0; minute < 60; minute++) {
    clock.set(us.clock());
    await eu.runDue();
    await us.play(us.clock() + HOUR / 60);
  }
  const states = await Promise.all(ids.map(async (id) => (await only(us, id)).delivery.state));
  assert.deepEqual(states, ['delivered', 'failed']);
  assert.equal(us.sim.handovers.length, 0);
  assert.equal(eu.copies('ann@inbox.test'), 1);
  assert.ok(eu.handovers.some((h) => h.kind === 'repost'));
});

const KEYS = { MAILGUN_API_KEY: 'key-test', MAILGUN_WEBHOOK_SIGNING_KEY: 'signing-key-for-tests' };
const read = (MAILGUN_DOMAIN: string): Config => readConfig({ ...KEYS, MAILGUN_DOMAIN }, 'daemon');

test('a domain may name the API of its region', () => {
  const config = read('mg.example.com, EU.example.com = https://api.eu.mailgun.net');
  assert.deepEqual(domainsIn(config), ['mg.example.com', 'eu.example.com']);
  assert.equal(apiOf(config, 'mg.example.com'), 'https://api.mailgun.net');
  assert.equal(apiOf(config, 'Eu.example.com'), 'https://api.eu.mailgun.net');
});

for (const wrong of [
  'eu.example.com=',
  'eu.example.com=api.eu.mailgun.net',
  'eu.example.com=https://api.eu.mailgun.net/v3',
  'eu.example.com=https://user@api.eu.mailgun.net',
  'eu.example.com=http://api.eu.mailgun.net',
  'eu.example.com=https://api.eu.mailgun.net,eu.example.com',
  '=https://api.eu.mailgun.net',
])
  test(`"${wrong}" does not start`, () => {
    assert.throws(() => read(wrong), ConfigError);
  });

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { insideOf } from '../../src/daemon/inside.ts';
import { openStore } from '../../src/store/db/open.ts';
import { logInto } from '../support/homing.ts';

const NEEDED = {
  MAILGUN_API_KEY: 'key-3f1c',
  MAILGUN_DOMAIN: 'mg.example.com',
  MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-77aa',
};
const SECRET = 'a-secret-of-16-x';

test('a status page of nobody, and a trial in the name of a domain that is not sent from, stop the start', (t) => {
  const store = openStore('sqlite::memory:');
  t.after(store.close);
  const start = (env: Record<string, string>) => {
    const given = { now: Date.now, monotonic: Date.now, signal: new AbortController().signal, log: logInto([]) };
    return insideOf({ ...given, store, config: readConfig({ ...NEEDED, ...env }, 'daemon'), wake: () => {} });
  };
  assert.throws(() => start({ STATUSPAGE_SECRETS: `sendgrid:${SECRET}` }), /names a provider that is none of mailgun/);
  assert.throws(() => start({ OUTAGE_PROBE_FROM: 'homing@elsewhere.example' }), /OUTAGE_PROBE_FROM is no address of/);
  start({ STATUSPAGE_SECRETS: `mailgun:${SECRET}`, OUTAGE_PROBE_FROM: 'homing@MG.example.com' });
});

test('a secret of a status page is long, fits into an address, and names its provider where that is not Mailgun', () => {
  const pages = (text: string) => readConfig({ STATUSPAGE_SECRETS: text }, 'database').STATUSPAGE_SECRETS;
  assert.deepEqual(pages(`${SECRET}, smtp.example.com:587:${SECRET}2`), [
    { provider: 'mailgun', secret: SECRET },
    { provider: 'smtp.example.com:587', secret: `${SECRET}2` },
  ]);
  for (const wrong of ['short', `sendgrid:`, `${SECRET}/x`, `a b:${SECRET}`])
    assert.throws(() => pages(wrong), ConfigError, wrong);
});

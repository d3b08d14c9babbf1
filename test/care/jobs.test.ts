import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CARE_JOBS, type CareInside } from '../../src/care/jobs.ts';
import { isWatching } from '../../src/care/settings.ts';
import { readConfig } from '../../src/config/config.ts';
import { HOUR, type Ms } from '../../src/core/time.ts';
import { lookedAt, pruneCare } from '../../src/store/care.ts';
import type { Store } from '../../src/store/db/open.ts';
import { MORNING } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import { startDns } from '../support/lying-dns.ts';
import { testStore } from '../support/stores.ts';

const NEEDED = {
  MAILGUN_API_KEY: 'key-3f1c',
  MAILGUN_DOMAIN: 'mg.example.com',
  MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-77aa',
};
const configOf = (env: Record<string, string>) => readConfig({ ...NEEDED, ...env }, 'daemon');

test('a daemon looks by itself, but not while Mailgun is a stand-in on this machine, nor when it is switched off', () => {
  const local = { MAILGUN_API_URL: 'http://127.0.0.1:4000', MAILGUN_STORAGE_HOSTS: '127.0.0.1:4000' };
  assert.equal(isWatching(configOf({})), true);
  assert.equal(isWatching(configOf(local)), false);
  assert.equal(isWatching(configOf({ ...local, DNS_SERVERS: '127.0.0.1:5353' })), true);
  assert.equal(isWatching(configOf({ DNS_WATCH: 'off' })), false);
});

function insideOf(store: Store, env: Record<string, string>, at: { now: Ms }, lines: string[] = []): CareInside {
  const config = configOf(env);
  const providers = { all: [], named: () => null };
  return { store, config, providers, now: () => at.now, log: logInto(lines), signal: new AbortController().signal };
}

test('each job looks when its turn has come, and keeps what it found', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const dns = await startDns(t, { 'mg.example.com': { TXT: ['v=spf1 -all'], MX: ['10 m.example.com'] } });
  const at = { now: MORNING };
  const running = CARE_JOBS.map((job) =>
    job.start(insideOf(store, { DNS_SERVERS: dns.server, DNSBL_ZONES: 'off' }, at)),
  );
  for (const { run } of running) await run();
  assert.deepEqual(dns.asked, []);
  at.now += HOUR;
  for (const { run } of running) await run();
  assert.ok((await lookedAt(store, 'dns', MORNING)).length > 0);
  const asked = dns.asked.length;
  for (const { run } of running) await run();
  assert.equal(dns.asked.length, asked);
  await pruneCare(store, at.now + 1, 100);
  assert.deepEqual(await lookedAt(store, 'dns', 0), []);
});

test('a look that a stop broke off is made by the next daemon at once', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const dns = await startDns(t, { 'mg.example.com': { TXT: ['v=spf1 -all'], MX: ['10 m.example.com'] } });
  const at = { now: MORNING };
  const lines: string[] = [];
  const inside = () => insideOf(store, { DNS_SERVERS: dns.server, DNSBL_ZONES: 'off' }, at, lines);
  const stopped = { ...inside(), signal: AbortSignal.abort() };
  const start = (given: CareInside) => CARE_JOBS.filter(({ name }) => name === 'dns').map((job) => job.start(given));
  for (const { run } of start(stopped)) await run();
  at.now += HOUR;
  for (const { run } of start(stopped)) await run();
  assert.deepEqual([await lookedAt(store, 'dns', MORNING), lines], [[], []]);
  for (const { run } of start(inside())) await run();
  assert.ok((await lookedAt(store, 'dns', MORNING)).length > 0);
});

test('where a daemon does not look, nobody is asked and nothing is written', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const at = { now: MORNING };
  const local = { MAILGUN_API_URL: 'http://127.0.0.1:4000', MAILGUN_STORAGE_HOSTS: '127.0.0.1:4000' };
  const running = CARE_JOBS.map((job) =>
    job.start(insideOf(store, job.name === 'account' ? local : { DNS_WATCH: 'off' }, at)),
  );
  for (const hours of [0, 2, 30]) {
    at.now = MORNING + hours * HOUR;
    for (const { run } of running) assert.equal(await run(), 0);
  }
  assert.deepEqual(await store.db('cursors'), []);
});

test('settings that name nothing that can be asked are refused', () => {
  const refused = (env: Record<string, string>) => assert.throws(() => configOf(env), /DNS_SERVERS|DNSBL|DKIM/);
  refused({ DNS_SERVERS: 'dns.example.com' });
  refused({ DNS_SERVERS: '192.0.2.1:0' });
  refused({ DNSBL_ZONES: 'http://bl.example.com' });
  refused({ DNSBL_DQS_KEY: 'has.dots.in.it' });
  refused({ DKIM_SELECTORS: 'sendgrid' });
  const { DNS_SERVERS, DKIM_SELECTORS } = configOf({
    DNS_SERVERS: '192.0.2.1,[2001:db8::1]:54',
    DKIM_SELECTORS: 'a.test:25=S1',
  });
  assert.deepEqual([...DNS_SERVERS, ...DKIM_SELECTORS], ['192.0.2.1:53', '[2001:db8::1]:54', ['a.test:25', 's1']]);
});

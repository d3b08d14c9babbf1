import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listenForBounces } from '../../../src/bounces/listener.ts';
import { type AskForServers, checkBounces } from '../../../src/commands/doctor/bounces.ts';
import { readConfig } from '../../../src/config/config.ts';
import { createSmtp } from '../../../src/providers/smtp/provider.ts';
import { createFiling } from '../../../src/store/inbox/filing.ts';
import type { Arrival } from '../../../src/store/inbox/inbox.ts';
import { clockAt } from '../../support/clock.ts';
import { logInto } from '../../support/homing.ts';
import { startWireSmtp } from '../../support/wire-smtp.ts';
import { examine, healthy } from './support.ts';

const KEY = 'ab'.repeat(32);
const DOMAIN = 'bounces.example.com';
const SERVER = 'smtp://127.0.0.1:2525';
const ENV = { BOUNCE_DOMAIN: DOMAIN, ENCRYPTION_KEY: KEY, SECONDARY_SMTP_URL: SERVER };
const FOUND: AskForServers = async () => ['mx.example.com'];

/** A daemon's port for bounces, with a key of its own. */
async function listening(t: TestContext, key = KEY) {
  const provider = createSmtp(SERVER, { lease: 20_000, bounces: { domain: DOMAIN, keys: [key] } });
  const kept: Arrival[] = [];
  const log = logInto([]);
  const keep = async (arrivals: readonly Arrival[]) => void kept.push(...arrivals);
  const file = createFiling({ keep, onKept() {}, log });
  const listener = await listenForBounces(
    { providers: [provider], file, now: clockAt(), log },
    { host: '127.0.0.1', port: 0, name: DOMAIN },
  );
  t.after(async () => {
    await listener.close();
    await provider.close();
  });
  return { kept, listener, env: { ...ENV, BOUNCE_SMTP_PORT: String(listener.port) } };
}

const check = (env: Record<string, string>, askForServers = FOUND) =>
  checkBounces(readConfig(env, 'database'), { timeout: 2000, askForServers });

test('without a domain for bounces nothing is said of them', async () => {
  assert.deepEqual(await check({}), []);
});

test('a record and a port that takes our own return paths are well, and nothing is left there', async (t) => {
  const { env, kept } = await listening(t);
  const findings = await check(env);
  assert.deepEqual(
    findings.map(({ status }) => status),
    ['ok', 'ok'],
  );
  assert.match(findings[0]?.says ?? '', /goes to mx\.example\.com/);
  assert.deepEqual(kept, []);
});

test('a domain without a record is a problem, and one that can not be looked up is in doubt', async () => {
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
  const [nowhere] = await check(ENV, failing('ENODATA'));
  assert.deepEqual([nowhere?.status, nowhere?.says], ['problem', `${DOMAIN} has no MX record: nothing comes back`]);
  assert.equal((await check(ENV, async () => ['']))[0]?.status, 'problem', 'the null MX of RFC 7505');
  const [mailguns] = await check(ENV, async () => ['mxa.mailgun.org', 'mxb.mailgun.org']);
  assert.deepEqual([mailguns?.status, mailguns?.says], ['problem', `mail for ${DOMAIN} goes to Mailgun`]);
  assert.equal((await check(ENV, failing('ETIMEOUT')))[0]?.status, 'warning');
  assert.equal((await check(ENV, () => new Promise<string[]>(() => {})))[0]?.status, 'warning');
});

test('a port where nobody listens, or another daemon, is a problem', async (t) => {
  const { env, listener } = await listening(t, 'cd'.repeat(32));
  const [, other] = await check(env);
  assert.equal(other?.status, 'problem');
  assert.match(other?.says ?? '', /refuses mail to our own return paths: 550 5\.1\.1/);
  await listener.close();
  const [, none] = await check(env);
  assert.equal(none?.status, 'problem');
  assert.match(none?.says ?? '', /does not answer: /);
});

test('without a port it is said where they are to be posted, and without a server that nothing comes back', async () => {
  const [, posted] = await check(ENV);
  assert.deepEqual([posted?.status, /\/webhooks\/bounces/.test(posted?.says ?? '')], ['ok', true]);
  const [useless] = await check({ ...ENV, SECONDARY_SMTP_URL: '' });
  assert.equal(useless?.status, 'warning');
});

test('the doctor looks at all of it, and asks the server whether it takes such senders', async (t) => {
  const { env } = await healthy(t);
  const server = await startWireSmtp((command) =>
    command.startsWith('MAIL') ? '553 5.7.1 no such sender domain\r\n' : undefined,
  );
  t.after(server.close);
  const back = { BOUNCE_DOMAIN: 'bounces.homing.invalid', SECONDARY_SMTP_URL: server.url };
  const { of } = await examine({ ...env, ...back }, '--patience', '1s');
  assert.equal(of('bounces').length, 2);
  assert.match(of('secondary SMTP')[0]?.says ?? '', /not to a mail of ours: 553 5\.7\.1 no such sender domain/);
  assert.match(server.commands.join('\n'), /^MAIL FROM:<bounce\+0{26}-1-[0-9a-f]{20}@bounces\.homing\.invalid>$/m);
});

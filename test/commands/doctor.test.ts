import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDoctorCommand } from '../../src/commands/doctor.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { startRudeSmtp } from '../../src/lab/servers/rude-smtp.ts';
import { RECONCILED, setCursor } from '../../src/store/notes/cursors.ts';

import { seed, sent } from '../support/factory.ts';
import { onMariaDb } from '../support/stores.ts';
import { examine, healthy, PASSWORD } from './doctor/support.ts';
import { DOMAIN, KEY, mailgun, runHere, SIGNING_KEY } from './support.ts';

test('registers what is missing when told so, and then finds nothing wrong at all', async (t) => {
  const { sim, env } = await healthy(t);
  const before = await examine(env);
  assert.equal(before.worst('webhooks'), 'problem');
  assert.match(before.of('webhooks')[0]?.says ?? '', /accepted, delivered, permanent_fail, temporary_fail/);
  assert.ok(before.of('webhooks')[0]?.says.includes(`${env['PUBLIC_URL']}webhooks/mailgun`));
  assert.ok(
    sim.requests.every(({ method }) => method === 'GET'),
    'it changes nothing by itself',
  );

  assert.equal((await examine(env, '--fix-webhooks')).worst('webhooks'), 'ok');
  const after = await examine(env);
  assert.equal(after.code, 0);
  assert.doesNotMatch(after.text, /"status": "(problem|warning)"/);
});

test('prints a line for each check and sums them up', async (t) => {
  const { env } = await healthy(t);
  const { code, out } = await runHere(addDoctorCommand, ['doctor'], env);
  assert.equal(code, 1);
  assert.match(out, /^ok {7}API key {9}works for mg\.example\.com/m);
  assert.match(out, /^problem {2}webhooks .*To mend it: run "homing doctor --fix-webhooks"/m);
  assert.match(out, /\n\n1 problem, 0 warnings\.\n$/);
});

test('tells a wrong key, a key without the right and a domain of the other region apart', async (t) => {
  const { sim, env } = await healthy(t);
  const wrongKey = await examine({ ...env, MAILGUN_API_KEY: 'key-wrong' });
  assert.match(wrongKey.of('API key')[0]?.says ?? '', /401/);
  const elsewhere = await examine({ ...env, MAILGUN_DOMAIN: 'eu.example.com' });
  assert.match(elsewhere.of('region')[0]?.mend ?? '', /MAILGUN_API_URL=https:\/\/api\.eu\.mailgun\.net/);
  sim.misbehave(({ path }) => path === `/v4/domains/${DOMAIN}`, { status: 403, body: '{"message":"Forbidden"}' });
  const forbidden = await examine(env);
  assert.match(forbidden.of('API key')[0]?.says ?? '', /403/);
  assert.deepEqual([wrongKey.code, elsewhere.code, forbidden.code], [1, 1, 1]);
});

test('compares the signing key without showing it, and only warns where it may not be read', async (t) => {
  const { sim, env } = await healthy(t);
  assert.equal(
    (await examine({ ...env, MAILGUN_WEBHOOK_SIGNING_KEY: `old,${SIGNING_KEY}` })).worst('signing key'),
    'ok',
  );
  assert.equal((await examine({ ...env, MAILGUN_WEBHOOK_SIGNING_KEY: 'other' })).worst('signing key'), 'problem');
  sim.misbehave(({ path }) => path.endsWith('http_signing_key'), { status: 403 });
  assert.equal((await examine(env)).worst('signing key'), 'warning');
});

test('a Mailgun that is down, or one that says nothing, is told in one line and soon', async (t) => {
  const { sim, env } = await healthy(t);
  await sim.unplug();
  const down = await examine(env);
  assert.equal(down.of('Mailgun').length, 1);
  assert.match(down.of('Mailgun')[0]?.says ?? '', /ECONNREFUSED/);
  assert.equal(down.of('clock').length, 0);
  await sim.plug();
  sim.misbehave(() => true, 'hang');
  const silent = await examine(env, '--patience', '100ms');
  assert.match(silent.of('Mailgun')[0]?.says ?? '', /no answer/);
});

test('warns when the retries outlast what Mailgun keeps', async (t) => {
  const { env } = await healthy(t);
  assert.equal((await examine(env)).worst('retention'), 'ok');
  const longer = await examine({ ...env, RETRY_MAX_ATTEMPTS: '8' });
  assert.equal(longer.worst('retention'), 'warning');
  assert.match(longer.of('retention')[0]?.says ?? '', /for 3 d; the retries of a message take/);
});

test('tells by how much the clock differs from that of Mailgun', async (t) => {
  const { sim, env } = await healthy(t);
  const ahead = new Date(Date.now() + 10 * MINUTE).toUTCString();
  sim.misbehave(({ path }) => path === '/v3/domains', { status: 200, body: '{}', headers: { Date: ahead } });
  const { of } = await examine(env);
  assert.equal(of('clock')[0]?.status, 'problem');
  assert.match(of('clock')[0]?.says ?? '', /10 min behind/);
});

test('finds that Mailgun has stopped sending, and says why', async (t) => {
  const { sim, env } = await healthy(t);
  const queue = { is_disabled: true, disabled: { until: null, reason: 'Too many bounces' } };
  const body = JSON.stringify({ regular: queue, scheduled: queue });
  sim.misbehave(({ path }) => path.endsWith('/sending_queues'), { status: 200, body });
  assert.match((await examine(env)).of('sending')[0]?.says ?? '', /Too many bounces/);
});

test('a secondary that refuses the login, or is not there, is a problem; without one there is a warning', async (t) => {
  const { env } = await healthy(t);
  const rude = await startRudeSmtp('auth_535');
  t.after(rude.close);
  const refused = await examine({ ...env, SECONDARY_SMTP_URL: `smtp://homing:${PASSWORD}@127.0.0.1:${rude.port}` });
  assert.match(refused.of('secondary SMTP')[0]?.says ?? '', /535/);
  assert.equal(
    (await examine({ ...env, SECONDARY_SMTP_URL: 'smtp://127.0.0.1:1' })).worst('secondary SMTP'),
    'problem',
  );
  assert.equal((await examine({ ...env, SECONDARY_SMTP_URL: '' })).worst('secondary SMTP'), 'warning');
});

test('looks whether an alert would reach anybody', async (t) => {
  const { env } = await healthy(t);
  assert.equal((await examine(env)).worst('alerts'), 'ok');
  assert.equal((await examine({ ...env, ADMIN_EMAILS: '' })).worst('alerts'), 'problem');
  assert.equal((await examine({ ...env, ALERT_SMTP_URL: '' })).worst('alerts'), 'warning');
  assert.equal((await examine({ ...env, ALERT_SMTP_URL: 'smtp://127.0.0.1:1' })).worst('alert SMTP'), 'problem');
});

test('what is not set is told with what it costs', async (t) => {
  const { env } = await healthy(t);
  const { of, worst } = await examine({ ...env, ENCRYPTION_KEY: '', PUBLIC_URL: '', API_TOKENS: '' });
  assert.equal(worst('encryption key'), 'warning');
  assert.match(of('API tokens')[0]?.says ?? '', /^API_TOKENS is not set: .*401/);
  assert.match(of('webhooks')[0]?.says ?? '', /PUBLIC_URL/);
});

test('a configuration with mistakes is told in full, and what can be checked is', async (t) => {
  const { env } = await healthy(t);
  const { of, worst } = await examine({ ...env, MAILGUN_API_KEY: '', PORT: '99999', LEASE: 'long' });
  assert.deepEqual(
    of('configuration')
      .map((f) => f.says.split(' ')[0])
      .sort(),
    ['LEASE', 'MAILGUN_API_KEY', 'PORT'],
  );
  assert.equal(worst('database'), 'not there');
  const incomplete = await examine({ ...env, MAILGUN_API_KEY: '' });
  assert.equal(incomplete.worst('database'), 'ok');
  assert.equal(incomplete.worst('Mailgun'), 'warning');
});

test('what is most likely a slip is a warning, also where the configuration can not be read', async (t) => {
  const { env } = await healthy(t);
  const slips = { ADMIN_EMAIL: 'swordfish', API_TOKENS: 't', MAILGUN_API_KEY: `${KEY}\n` };
  const { of, code } = await examine({ ...env, ...slips });
  assert.equal(code, 1); // the webhooks
  const says = of('configuration').map((f) => `${f.status} ${f.says}`);
  assert.match(
    says.join('\n'),
    /^warning "ADMIN_EMAIL" is not a setting and is ignored: did you mean ADMIN_EMAILS\?$/m,
  );
  assert.match(says.join('\n'), /^warning API_TOKENS has one that can be guessed/m);
  assert.match(says.join('\n'), /^warning MAILGUN_API_KEY has space/m);
  const unread = await examine({ ...env, LEASE: 'long', RETRY_MAXATTEMPTS: '3' });
  assert.match(
    unread
      .of('configuration')
      .map((f) => f.says)
      .join('\n'),
    /did you mean RETRY_MAX_ATTEMPTS\?/,
  );
});

test('a database that is not there yet, or can not be reached, is told apart', async (t) => {
  const { env } = await healthy(t);
  assert.equal((await examine({ ...env, DATABASE_URL: `${env['DATABASE_URL']}.new` })).worst('database'), 'warning');
  assert.equal(
    (await examine({ ...env, DATABASE_URL: `${env['DATABASE_URL']}/below/x` })).worst('database'),
    'problem',
  );
  const { of } = await examine({ ...env, DATABASE_URL: `mysql://homing:${PASSWORD}@127.0.0.1:1/homing` });
  assert.match(of('database')[0]?.says ?? '', /mysql:\/\/127\.0\.0\.1:1\/homing.*ECONNREFUSED/);
});

test('finds an open delivery that nobody will act on', async (t) => {
  const { store, env } = await healthy(t);
  const [view] = await seed(store, { createdAt: Date.now() });
  const id = view?.id ?? '';
  assert.equal((await examine(env)).worst('deliveries'), 'ok');
  await store.db('due').where({ delivery_id: id }).delete();
  const { of } = await examine(env);
  assert.equal(of('deliveries')[0]?.status, 'problem');
  assert.match(of('deliveries')[0]?.says ?? '', new RegExp(`^1 open delivery .*${id}`));
});

test('finds work that is long overdue, and a reconciler that stands still', async (t) => {
  const { store, env } = await healthy(t);
  const past = Date.now() - 10 * HOUR;
  await seed(store, { createdAt: past, facts: sent(past) });
  await setCursor(store, RECONCILED, '', Date.now() - HOUR);
  const { of, worst } = await examine(env);
  assert.match(of('backlog')[0]?.says ?? '', /1 open, 1 due now, the oldest 2 h late/);
  assert.equal(worst('backlog'), 'problem');
  assert.match(of('reconciler')[0]?.says ?? '', /1 h ago/);
});

test('finds events that were set aside, and alerts that did not get out', async (t) => {
  const { store, env } = await healthy(t);
  const now = Date.now();
  const event = {
    source: 'webhook',
    event_key: null,
    content_type: null,
    body: '{}',
    tries: 3,
    lease: null,
  };
  await store.db('inbox').insert([
    {
      ...event,
      id: 'aside',
      replay_key: 'a',
      received_at: now - DAY,
      due_at: now - DAY,
      pending: 0,
      outcome: 'set_aside',
      error: 'no event in it',
    },
    {
      ...event,
      id: 'older',
      replay_key: 'b',
      received_at: now - 9 * DAY,
      due_at: now - 9 * DAY,
      pending: 0,
      outcome: 'set_aside',
      error: 'old',
    },
  ]);
  await store.db('alerts').insert({
    id: 'alert',
    incident: 'gave_up:x',
    count: 1,
    subject: 's',
    body: 'b',
    avoid: '[]',
    created_at: now - HOUR,
    pending: 1,
    due_at: now + HOUR,
    tries: 4,
    sent_at: null,
    error: 'relay: 535 login refused',
  });
  const { of } = await examine(env);
  assert.match(of('inbox')[0]?.says ?? '', /^1 event .*no event in it/);
  assert.match(of('alerts waiting')[0]?.says ?? '', /^1 alert .*535 login refused/);
});

onMariaDb(
  'a server that would lose what it acknowledged, or lacks migrations, is a problem',
  async ({ t, store, url }) => {
    const { env } = await mailgun(t);
    const settings = { ...env, DATABASE_URL: url };
    const good = await examine(settings);
    assert.deepEqual([good.worst('migrations'), good.worst('durability')], ['ok', 'ok']);
    await store.db('knex_migrations').delete();
    await store.db.raw('set global innodb_flush_log_at_trx_commit = 2');
    try {
      const { of, worst } = await examine(settings);
      assert.deepEqual([worst('migrations'), worst('durability')], ['problem', 'problem']);
      assert.match(of('durability')[0]?.says ?? '', /innodb_flush_log_at_trx_commit is 2/);
      assert.equal(worst('SQLite version'), 'not there');
    } finally {
      await store.db.raw('set global innodb_flush_log_at_trx_commit = 1');
    }
  },
);

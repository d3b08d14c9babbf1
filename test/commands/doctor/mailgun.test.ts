import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimMailgun } from '../../../src/lab/sim/mailgun.ts';
import { DOMAIN } from '../support.ts';
import { examine, healthy } from './support.ts';

const answers = (sim: SimMailgun, path: string, body: object | string, status = 200) =>
  sim.misbehave((request) => request.path === path, {
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const shown = (sim: SimMailgun, domain: object, more: object = {}) =>
  answers(sim, `/v4/domains/${DOMAIN}`, {
    domain: { name: DOMAIN, state: 'active', message_ttl: 259_200, ...domain },
    ...more,
  });

const EVENTS = ['accepted', 'delivered', 'permanent_fail', 'temporary_fail', 'complained', 'unsubscribed'];
const hooks = (urls: object) => ({ webhooks: Object.fromEntries(EVENTS.map((name) => [name, urls])) });

test('a plan that keeps no messages is a problem, and less of one where mail goes through the queue', async (t) => {
  const { sim, env } = await healthy(t);
  shown(sim, { message_ttl: 0 });
  const queue = (await examine(env)).of('retention')[0];
  assert.deepEqual([queue?.status, queue?.mend?.includes('queue')], ['warning', true]);
  const none = (await examine({ ...env, ENCRYPTION_KEY: '' })).of('retention')[0];
  assert.equal(none?.status, 'problem');
  assert.match(none?.says ?? '', /keeps no message of mg\.example\.com \(retention 0\)/);
});

test('a domain that is disabled or not verified is a problem, and the DNS records that are missing are named', async (t) => {
  const { sim, env } = await healthy(t);
  assert.equal((await examine(env)).worst('domain'), 'ok');
  const record = (name: string, valid: string, more: object = {}) => ({
    record_type: 'TXT',
    name,
    valid,
    value: 'v',
    ...more,
  });
  const records = [
    record(DOMAIN, 'valid'),
    record(`s1._domainkey.${DOMAIN}`, 'unknown'),
    record(`s2._domainkey.${DOMAIN}`, 'unknown', { is_active: false }),
    record(`email.${DOMAIN}`, 'unknown', { record_type: 'CNAME' }),
  ];
  const examined = async (domain: object) => {
    const end = shown(sim, domain, { sending_dns_records: records });
    const { of } = await examine(env);
    end();
    return of('domain').map((f) => `${f.status}: ${f.says}`);
  };
  assert.deepEqual(await examined({}), [
    `warning: ${DOMAIN} lacks DNS records: Mailgun does not find the right TXT s1._domainkey.${DOMAIN}`,
  ]);
  assert.match(
    (await examined({ state: 'unverified' }))[0] ?? '',
    /^problem: .* is unverified at Mailgun: .*s1\._domainkey/,
  );
  assert.match((await examined({ is_disabled: true }))[0] ?? '', /^problem: .* is disabled at Mailgun$/);
  assert.match((await examined({ state: 'disabled' }))[0] ?? '', /^problem: .* is disabled at Mailgun$/);
});

test('an address that is not the API of Mailgun, and answers all the same, is told', async (t) => {
  const { env } = await healthy(t);
  const url = `${env['MAILGUN_API_URL']}/api`;
  const { of, worst } = await examine({ ...env, MAILGUN_API_URL: url });
  assert.match(of('Mailgun')[0]?.says ?? '', /does not answer as Mailgun's API does/);
  assert.equal(worst('API key'), 'not there');
});

test('webhooks count in whatever form they are registered', async (t) => {
  const { sim, env } = await healthy(t);
  const url = `${env['PUBLIC_URL']}webhooks/mailgun`;
  const own = `/v3/domains/${DOMAIN}/webhooks`;
  for (const body of [hooks({ urls: [url] }), hooks({ url }), hooks({ urls: ['https://a.example', `${url}/`] })]) {
    const end = answers(sim, own, body);
    assert.equal((await examine(env)).worst('webhooks'), 'ok', JSON.stringify(body));
    end();
  }
});

test('webhooks of the whole account count for each domain', async (t) => {
  const { sim, env } = await healthy(t);
  const url = `${env['PUBLIC_URL']}webhooks/mailgun`;
  answers(sim, '/v1/webhooks', { webhooks: [{ webhook_id: 'w', url, event_types: EVENTS.slice(0, 4) }] });
  const { of } = await examine(env);
  assert.equal(of('webhooks')[0]?.status, 'warning');
  assert.match(of('webhooks')[0]?.says ?? '', /does not post complained, unsubscribed to/);
  assert.match(
    (await examine(env, '--fix-webhooks')).of('webhooks')[0]?.says ?? '',
    /registered complained, unsubscribed$/,
  );
});

test('webhooks that lead elsewhere are told with their place, and without what may be secret in it', async (t) => {
  const { sim, env } = await healthy(t);
  answers(
    sim,
    `/v3/domains/${DOMAIN}/webhooks`,
    hooks({ urls: ['https://me:swordfish@old.example.com/hook?key=swordfish'] }),
  );
  const { of } = await examine(env);
  assert.match(of('webhooks')[0]?.says ?? '', /, but to https:\/\/old\.example\.com\/hook$/);
});

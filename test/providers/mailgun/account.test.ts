import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createAccount } from '../../../src/providers/mailgun/account.ts';
import { createPort, PortError } from '../../../src/providers/mailgun/port.ts';
import { ApiRefusal } from '../../../src/providers/mailgun/refusal.ts';
import { type Script, say, startScript } from '../../support/http-script.ts';

const DOMAIN = 'example.com';

async function account(t: TestContext, script: Script) {
  const server = await startScript(t, script);
  const { url, host } = server;
  const port = createPort({ apiUrl: url, apiKey: 'k', timeout: 5000, allowedHosts: [host] });
  t.after(() => port.close());
  return { server, account: createAccount(port) };
}

const MISSING = say(404, { message: 'Address not found in bounces table' });
const UNKNOWN = say(404, { message: 'Domain not found: example.com' });

test('a bounce is read by its address, encoded', async (t) => {
  const entry = { address: 'a/b+c@d.test', code: '550', error: 'no', created_at: 'Wed, 25 Nov 2026 10:00:00 UTC' };
  const { server, account: a } = await account(t, say(200, entry));
  assert.deepEqual(await a.getBounce(DOMAIN, 'a/b+c@d.test'), {
    code: '550',
    error: 'no',
    createdAt: Date.UTC(2026, 10, 25, 10),
  });
  assert.equal(server.seen[0]?.path, '/v3/example.com/bounces/a%2Fb%2Bc%40d.test');
});

test('an address that is not listed has no bounce, and is as good as removed', async (t) => {
  const { server, account: a } = await account(t, MISSING);
  assert.equal(await a.getBounce(DOMAIN, 'a@b.test'), null);
  await a.removeBounce(DOMAIN, 'a@b.test');
  assert.deepEqual(
    server.seen.map((s) => s.method),
    ['GET', 'DELETE'],
  );
});

const NO_ANSWERS: [string, Script][] = [
  ['an unknown domain', UNKNOWN],
  ['401', say(401, 'Forbidden')],
  ['429', say(429, '')],
  ['500', say(500, '')],
  ['a redirect', say(301, '', { location: '/' })],
  ['HTML', say(200, '<p>')],
  ['an empty object', say(200, {})],
];

for (const [name, script] of NO_ANSWERS) {
  test(`${name} says nothing about a bounce`, async (t) => {
    const { account: a } = await account(t, script);
    await assert.rejects(a.getBounce(DOMAIN, 'a@b.test'), ApiRefusal);
    if (!['HTML', 'an empty object'].includes(name))
      await assert.rejects(a.removeBounce(DOMAIN, 'a@b.test'), ApiRefusal);
  });
}

test('no answer at all is another error', async (t) => {
  const { account: a } = await account(t, (response) => void response.socket?.destroy());
  await assert.rejects(a.removeBounce(DOMAIN, 'a@b.test'), PortError);
});

const domainOf = (fields: Record<string, unknown>) => say(200, { domain: { name: DOMAIN, ...fields } });
const RETENTIONS: [string, Script, number | null][] = [
  ['seconds', domainOf({ message_ttl: 86_400 }), 86_400_000],
  ['0', domainOf({ message_ttl: 0 }), null],
  ['absent', domainOf({}), null],
  ['text', domainOf({ message_ttl: 'soon' }), null],
  ['HTML', say(200, '<p>'), null],
];

for (const [name, script, expected] of RETENTIONS) {
  test(`message_ttl ${name}: kept for ${expected}`, async (t) => {
    const { account: a } = await account(t, script);
    assert.equal(await a.retention(DOMAIN), expected);
  });
}

test('the older version of the domain is asked where there is no newer one', async (t) => {
  const script: Script = (response, seen, count) =>
    (seen.path.startsWith('/v4') ? say(404, 'not found') : domainOf({ message_ttl: 60 }))(response, seen, count);
  const { server, account: a } = await account(t, script);
  assert.equal(await a.retention(DOMAIN), 60_000);
  assert.equal(server.seen.length, 2);
});

test('a domain that may not be asked about rejects, with the status', async (t) => {
  for (const [script, status] of [
    [say(401, 'Forbidden'), 401],
    [UNKNOWN, 404],
  ] as const) {
    const { account: a } = await account(t, script);
    await assert.rejects(a.retention(DOMAIN), (error) => error instanceof ApiRefusal && error.status === status);
  }
});

const hooks = {
  webhooks: { delivered: { urls: ['https://a.test/'] }, opened: { url: 'https://b.test/' }, clicked: null },
};

test('the webhooks are listed by subscription', async (t) => {
  const { account: a } = await account(t, say(200, hooks));
  const listed = await a.webhooks(DOMAIN);
  assert.deepEqual(
    [listed.delivered, listed.opened, listed.clicked, listed.permanent_fail],
    [['https://a.test/'], ['https://b.test/'], [], []],
  );
});

test('a URL is registered for what it lacks, and for nothing twice', async (t) => {
  const { server, account: a } = await account(t, say(200, hooks));
  assert.deepEqual(await a.registerWebhook(DOMAIN, 'https://a.test/', ['delivered', 'permanent_fail']), [
    'permanent_fail',
  ]);
  assert.deepEqual(await a.registerWebhook(DOMAIN, 'https://a.test/', ['delivered']), []);
  const posts = server.seen.filter((s) => s.method === 'POST');
  assert.deepEqual(
    posts.map((s) => `${s.path} ${s.body}`),
    ['/v4/domains/example.com/webhooks url=https%3A%2F%2Fa.test%2F&event_types=permanent_fail'],
  );
});

test('a refused webhook says why, in the words of its own field', async (t) => {
  const script: Script = (response, seen, count) =>
    (seen.method === 'POST' ? say(400, { Reason: 'duplicate' }) : say(200, hooks))(response, seen, count);
  const { account: a } = await account(t, script);
  await assert.rejects(a.registerWebhook(DOMAIN, 'https://c.test/'), /400: duplicate/);
});

test('the queues tell whether they are disabled, until when and why', async (t) => {
  const off = { is_disabled: true, disabled: { until: 'Wed, 25 Nov 2026 10:00:00 GMT', reason: 'reputation' } };
  const on = { is_disabled: false, disabled: { until: null, reason: '' } };
  const { account: a } = await account(t, say(200, { regular: off, scheduled: on }));
  assert.deepEqual(await a.sendingQueues(DOMAIN), {
    regular: { disabled: true, until: Date.UTC(2026, 10, 25, 10), reason: 'reputation' },
    scheduled: { disabled: false, until: null, reason: null },
  });
});

test('the signing key is read, and its absence too', async (t) => {
  const { account: a } = await account(t, say(200, { http_signing_key: 'abc' }));
  assert.equal(await a.signingKey(), 'abc');
  const { account: none } = await account(t, say(200, {}));
  assert.equal(await none.signingKey(), null);
});

test('the clock of the provider is compared with ours, whatever it answers', async (t) => {
  const { account: a } = await account(t, say(401, 'Forbidden', { date: 'Wed, 25 Nov 2026 10:00:10 GMT' }));
  assert.equal(await a.clockSkew(() => Date.UTC(2026, 10, 25, 10)), 10_500);
  const { account: none } = await account(t, (response) => {
    response.sendDate = false;
    response.end();
  });
  assert.equal(await none.clockSkew(() => 0), null);
});

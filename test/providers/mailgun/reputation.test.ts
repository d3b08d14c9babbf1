import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimMailgun } from '../../../src/lab/sim/mailgun.ts';
import { createPort } from '../../../src/providers/mailgun/port.ts';
import { createReputation } from '../../../src/providers/mailgun/reputation.ts';

const DOMAIN = 'mg.example.com';

async function reputationOf(t: import('node:test').TestContext, more: object = {}) {
  const sim = await startSimMailgun({ apiKey: 'key-x', signingKey: 'sign-x', domains: [DOMAIN], ...more });
  const allowedHosts = [new URL(sim.url).host];
  const port = createPort({ apiUrl: sim.url, apiKey: 'key-x', timeout: 5000, allowedHosts });
  t.after(async () => {
    await port.close();
    await sim.close();
  });
  return { sim, reputation: createReputation(port) };
}

test('the records that a domain needs are told by their use', async (t) => {
  const { reputation } = await reputationOf(t, {
    dns: {
      sending: [
        { name: DOMAIN, type: 'TXT', value: 'v=spf1 include:mailgun.org ~all' },
        { name: `mx._domainkey.${DOMAIN}`, type: 'TXT', value: 'k=rsa; p=abc' },
        { name: `PDK1._domainkey.${DOMAIN}.`, type: 'CNAME', value: 'pdk1._domainkey.x.dkim1.mailgun.com' },
        { name: `email.${DOMAIN}`, type: 'CNAME', value: 'mailgun.org' },
      ],
      receiving: [{ name: '', type: 'MX', value: 'mxa.mailgun.org' }],
    },
  });
  assert.deepEqual(
    (await reputation.records(DOMAIN)).map(({ use, name }) => `${use} ${name}`),
    [
      `SPF ${DOMAIN}`,
      `DKIM mx._domainkey.${DOMAIN}`,
      `DKIM pdk1._domainkey.${DOMAIN}`,
      `tracking email.${DOMAIN}`,
      `MX ${DOMAIN}`,
    ],
  );
});

test('the addresses of the account are told, and whether mail is tracked', async (t) => {
  const { reputation } = await reputationOf(t, { ips: ['192.0.2.1', '2001:db8::1', 'no address'], tracking: true });
  assert.deepEqual(await reputation.ips(), ['192.0.2.1', '2001:db8::1']);
  assert.equal(await reputation.tracks(DOMAIN), true);
  assert.equal(await (await reputationOf(t)).reputation.tracks(DOMAIN), false);
});

test('a refusal is an error, and no list without anything in it', async (t) => {
  const { sim, reputation } = await reputationOf(t);
  await assert.rejects(reputation.records('other.example.com'), { name: 'ApiRefusal' });
  sim.misbehave(() => true, { status: 500 } as never);
  await assert.rejects(reputation.ips());
  await assert.rejects(reputation.tracks(DOMAIN));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DnsDeps, lookAtDns } from '../../src/care/look-at-dns.ts';
import { HOUR } from '../../src/core/time.ts';
import type { Reputation } from '../../src/providers/provider.ts';
import { isStillIll } from '../../src/store/care.ts';
import type { Store } from '../../src/store/db/open.ts';
import { MORNING } from '../support/clock.ts';
import { startDns } from '../support/lying-dns.ts';
import { eachStore, testStore } from '../support/stores.ts';
import { alertsIn, depsOf, reported } from './support.ts';

const DOMAIN = 'mg.example.com';
const SPF = 'v=spf1 include:mailgun.org ~all';

const reputation: Reputation = {
  records: async () => [
    { use: 'SPF', name: DOMAIN, type: 'TXT', value: SPF },
    { use: 'tracking', name: `email.${DOMAIN}`, type: 'CNAME', value: 'mailgun.org' },
  ],
  tracks: async () => true,
  ips: async () => [],
};

const ZONES = {
  [DOMAIN]: { TXT: [SPF], MX: ['10 mxa.mailgun.org'] },
  [`email.${DOMAIN}`]: { CNAME: ['mailgun.org'] },
  'mailgun.org': { TXT: ['v=spf1 ip4:192.0.2.0/24 -all'] },
  '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject; rua=mailto:d@example.com'] },
};

const dnsDeps = (store: Store, server: string, hours = 0, more: Partial<DnsDeps> = {}): DnsDeps => ({
  ...depsOf(store, server, {}, MORNING + hours * HOUR),
  ...{ reputation, domains: [DOMAIN], secondaries: [] },
  config: { DNS_SERVERS: [server], DKIM_SELECTORS: [] },
  ...more,
});

eachStore(
  'a record that was right and is wrong is told once with what to publish, and so is that it is right again',
  async ({ store, t }) => {
    const dns = await startDns(t, { ...ZONES });
    const look = (hours: number) => lookAtDns(dnsDeps(store, dns.server, hours));
    const first = await look(0);
    assert.deepEqual(
      first.filter(({ state }) => state !== 'good').map(({ name, state }) => `${state} ${name}`),
      [`unsure DKIM ${DOMAIN}`],
    );
    dns.zones[DOMAIN] = { TXT: ['v=spf1 -all'], MX: ['10 mxa.mailgun.org'] };
    await look(24);
    await look(48);
    dns.zones[DOMAIN] = 'silent';
    await look(72);
    const [told, ...others] = await alertsIn(store);
    assert.deepEqual(others, []);
    assert.deepEqual(told, {
      kind: 'dns_wrong',
      detail: `SPF: the SPF record of ${DOMAIN} does not include mailgun.org. Publish: ${DOMAIN} TXT "v=spf1 include:mailgun.org -all"`,
    });
    dns.zones[DOMAIN] = ZONES[DOMAIN] ?? {};
    await look(96);
    assert.deepEqual(
      (await alertsIn(store)).map(({ kind }) => kind),
      ['dns_wrong', 'dns_right'],
    );
  },
);

eachStore(
  'what is watched no more is ill no more, but not while nobody looks; and it is news when it is seen again',
  async ({ store, t }) => {
    const other = 'other.test';
    const dns = await startDns(t, { ...ZONES, [other]: ZONES[DOMAIN] ?? {} });
    const look = (day: number, ...domains: string[]) => lookAtDns(dnsDeps(store, dns.server, 24 * day, { domains }));
    const kinds = async () => (await alertsIn(store)).map(({ kind }) => kind);
    await look(0, DOMAIN, other);
    dns.zones[other] = { TXT: ['v=spf1 -all'], MX: ['10 mxa.mailgun.org'] };
    await look(1, DOMAIN, other);
    assert.deepEqual([await isStillIll(store, 'dns'), await kinds()], [true, ['dns_wrong']]);
    await look(4, DOMAIN);
    assert.equal(await isStillIll(store, 'dns'), true);
    await look(5, DOMAIN);
    assert.equal(await isStillIll(store, 'dns'), false);
    dns.zones[other] = 'silent';
    await look(6, DOMAIN, other);
    dns.zones[other] = { TXT: ['v=spf1 -all'], MX: ['10 mxa.mailgun.org'] };
    await look(7, DOMAIN, other);
    assert.deepEqual([await isStillIll(store, 'dns'), await kinds()], [true, ['dns_wrong', 'dns_wrong']]);
  },
);

test('what was never right is found by the look and no news to anybody', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const dns = await startDns(t, { ...ZONES, [DOMAIN]: {} });
  const found = await lookAtDns(dnsDeps(store, dns.server));
  assert.ok(found.some(({ name, state }) => name === `SPF ${DOMAIN}` && state === 'bad'));
  assert.deepEqual(await alertsIn(store), []);
});

test('with a server that says that nothing exists, nothing is told to be missing', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const dns = await startDns(t, { ...ZONES });
  await lookAtDns(dnsDeps(store, dns.server));
  for (const lie of ['nxdomain', 'empty', 'lame', 'servfail'] as const) {
    dns.lie = lie;
    const found = await lookAtDns(dnsDeps(store, dns.server, 24));
    assert.deepEqual([...new Set(found.map(({ state }) => state))], ['unsure'], lie);
  }
  assert.deepEqual(await alertsIn(store), []);
});

test('who writes is seen by the last messages, and the addresses by the reports', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const dns = await startDns(t, {
    ...ZONES,
    'in-addr.arpa': {},
    '7.100.51.198.in-addr.arpa': { PTR: ['m7.mailgun.org'] },
    'm7.mailgun.org': { A: ['198.51.100.7'] },
  });
  await reported(store, [{ at: MORNING - HOUR, ip: '198.51.100.7' }]);
  const message = (id: string, sender: string, domain: string) => ({
    ...{ id, record_key: id, message_id: id, domain, sender, subject: null, class: 'notice', origin: 'recorded' },
    ...{ policy: '{}', created_at: MORNING },
  });
  await store
    .db('messages')
    .insert([message('1', 'Shop <hello@example.com>', DOMAIN), message('2', 'a@elsewhere.test', 'other.test')]);
  const names = (await lookAtDns(dnsDeps(store, dns.server))).map(({ name, state }) => `${state} ${name}`);
  assert.ok(names.includes(`good alignment example.com by mailgun (${DOMAIN})`), names.join('\n'));
  assert.ok(names.includes('good reverse name 198.51.100.7'), names.join('\n'));
  assert.ok(!names.some((name) => name.includes('elsewhere')));
});

test('a Mailgun that does not answer is unsure', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const dns = await startDns(t, { ...ZONES });
  const away: Reputation = { ...reputation, records: () => Promise.reject(new Error('no answer in time')) };
  const found = await lookAtDns(dnsDeps(store, dns.server, 0, { reputation: away }));
  assert.match(found.find(({ name }) => name === `DNS ${DOMAIN}`)?.body.says ?? '', /no answer in time/);
});

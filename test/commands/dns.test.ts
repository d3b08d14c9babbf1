import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addBlocklistsCommand } from '../../src/commands/blocklists.ts';
import { addDnsCommand } from '../../src/commands/dns.ts';
import { addDoctorCommand } from '../../src/commands/doctor.ts';
import { askedName } from '../../src/core/care/listing.ts';
import { HOUR } from '../../src/core/time.ts';
import { reported } from '../care/support.ts';
import { MORNING } from '../support/clock.ts';
import { startDns, type Zones } from '../support/lying-dns.ts';
import { DOMAIN, database, mailgun, runHere } from './support.ts';

const IP = '198.51.100.7';
const SPF = 'v=spf1 include:mailgun.org ~all';
const NOW = () => MORNING;
const at = (ip: string, zone: string) => askedName(ip, { v4: zone, v6: zone }) ?? '';

const WELL: Zones = {
  [DOMAIN]: { TXT: [SPF], MX: ['10 mxa.mailgun.org'] },
  'mailgun.org': { TXT: ['v=spf1 ip4:192.0.2.0/24 -all'] },
  '_dmarc.example.com': { TXT: ['v=DMARC1; p=none; rua=mailto:d@example.com'] },
};

async function set(t: TestContext, zones: Zones, more: Record<string, string> = {}) {
  const { store, url } = await database(t);
  const { env } = await mailgun(t, { dns: { sending: [{ name: DOMAIN, type: 'TXT', value: SPF }] }, ips: [IP] });
  const dns = await startDns(t, zones);
  return { store, dns, env: { ...env, DATABASE_URL: url, DNS_SERVERS: dns.server, ...more } };
}

test('homing dns tells what is wrong and what to publish, and exits 1; as JSON as well', async (t) => {
  const { dns, env } = await set(t, { ...WELL, [DOMAIN]: { MX: ['10 mxa.mailgun.org'] } });
  const ran = await runHere(addDnsCommand, ['dns', '--patience', '2s'], env, NOW);
  assert.equal(ran.code, 1, ran.err);
  assert.match(
    ran.out,
    new RegExp(`^bad +SPF +${DOMAIN} has no SPF record\\.\n +publish: ${DOMAIN} TXT "${SPF}"$`, 'm'),
  );
  assert.match(ran.out, /^1 record bad, 1 unsure, 0 worth a look, 3 good\.$/m);
  Object.assign(dns.zones, WELL);
  const well = await runHere(addDnsCommand, ['dns', '--json'], env, NOW);
  assert.equal(well.code, 0, well.err);
  const { bad, findings } = JSON.parse(well.out);
  assert.equal(bad, 0);
  assert.deepEqual(
    findings.find((one: { topic: string }) => one.topic === 'SPF'),
    {
      ...{
        topic: 'SPF',
        about: DOMAIN,
        level: 'good',
        says: `${DOMAIN} has a whole SPF record that takes 1 of 10 lookups`,
      },
      ...{ publish: [], since: '2026-11-25T09:00:00.000Z', lookedAt: '2026-11-25T09:00:00.000Z' },
    },
  );
});

test('homing blocklists tells of listings and of lists that are blind, and exits 1 when something is listed', async (t) => {
  const zones: Zones = { 'bl.one.test': {}, 'bl.dead.test': {} };
  for (const ip of ['127.0.0.2', IP]) zones[at(ip, 'bl.one.test')] = { A: ['127.0.0.2'] };
  const { dns, env, store } = await set(t, zones, { DNSBL_ZONES: 'off,bl.one.test,bl.dead.test' });
  await reported(store, [{ at: MORNING - HOUR, ip: IP, reply: 'blocked by bl.one.test' }]);
  const ran = await runHere(addBlocklistsCommand, ['blocklists'], env, NOW);
  assert.equal(ran.code, 1, ran.err);
  assert.match(
    ran.out,
    /^listed +198\.51\.100\.7 is listed at bl\.one\.test since .+ 1 of 1 refusals since .+ named it\.$/m,
  );
  assert.match(
    ran.out,
    /^blind +whether bl\.dead\.test lists 198\.51\.100\.7 can not be told: it does not list its test entry/m,
  );
  assert.match(ran.out, /^1 address: 1 listed, 1 blind, 0 clear\.$/m);
  delete dns.zones[at(IP, 'bl.one.test')];
  const json = await runHere(addBlocklistsCommand, ['blocklists', '--json'], env, NOW);
  assert.equal(json.code, 0, json.err);
  const { listed, blind, clear, zonesOf } = JSON.parse(json.out);
  assert.deepEqual([listed, blind, clear], [0, 1, 1]);
  assert.match(zonesOf, /^2026-\d\d-\d\d$/);
});

test('the key of Spamhaus is printed by no command, whatever becomes of its questions', async (t) => {
  const key = 'abcdefghij0123456789';
  const { dns, env } = await set(t, {}, { DNSBL_ZONES: 'off,zen.spamhaus.org', DNSBL_DQS_KEY: key });
  for (const lie of [null, 'servfail', 'refused', 'wildcard'] as const) {
    dns.lie = lie;
    const ran = await runHere(addBlocklistsCommand, ['blocklists', '--json', '--patience', '1s'], env, NOW);
    assert.match(ran.out, /zen\.spamhaus\.org/);
    assert.doesNotMatch(ran.out + ran.err, new RegExp(key));
  }
  assert.ok(dns.asked.some((one) => one.includes(key)));
});

test('the doctor tells what was found last and asks nobody; and says nothing where nobody looks', async (t) => {
  const zones: Zones = { ...WELL, 'bl.one.test': {}, [DOMAIN]: {} };
  for (const ip of ['127.0.0.2', IP]) zones[at(ip, 'bl.one.test')] = { A: ['127.0.0.2'] };
  const { dns, env } = await set(t, zones, { DNSBL_ZONES: 'off,bl.one.test' });
  const lines = async (more: Record<string, string> = {}) => {
    const { out } = await runHere(addDoctorCommand, ['doctor', '--json', '--patience', '1s'], { ...env, ...more }, NOW);
    const { findings } = JSON.parse(out) as {
      findings: { check: string; status: string; says: string; mend: string | null }[];
    };
    return findings.filter(({ check }) => check === 'DNS records' || check === 'blocklists');
  };
  assert.deepEqual(
    (await lines()).map(({ status }) => status),
    ['ok', 'ok'],
  );
  assert.deepEqual(await lines({ DNS_SERVERS: '' }), []);
  await runHere(addDnsCommand, ['dns'], env, NOW);
  await runHere(addBlocklistsCommand, ['blocklists'], env, NOW);
  const asked = dns.asked.length;
  const found = await lines();
  assert.equal(dns.asked.length, asked);
  const spf = found.find(({ says }) => says.startsWith('SPF'));
  assert.deepEqual([spf?.status, spf?.mend], ['problem', `publish ${DOMAIN} TXT "${SPF}"`]);
  assert.match(
    found.find(({ check }) => check === 'blocklists')?.says ?? '',
    /^198\.51\.100\.7 is listed at bl\.one\.test/,
  );
});

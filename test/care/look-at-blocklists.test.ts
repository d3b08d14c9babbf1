import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAtBlocklists } from '../../src/care/look-at-blocklists.ts';
import { askedName } from '../../src/core/care/listing.ts';
import type { ZoneSwitch } from '../../src/core/care/zones.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import { lookedAt } from '../../src/store/care.ts';
import { MORNING } from '../support/clock.ts';
import { type Lie, type Records, startDns, type Zones } from '../support/lying-dns.ts';
import { eachStore, testStore } from '../support/stores.ts';
import { alertsIn, depsOf, reported } from './support.ts';

const IP = '198.51.100.7';
const IP6 = '2001:db8::7';
const ONE: ZoneSwitch[] = [{ off: 'all' }, { on: 'bl.one.test' }];
const TWO: ZoneSwitch[] = [...ONE, { on: 'bl.two.test' }];

const at = (ip: string, zone: string): string => askedName(ip, { v4: zone, v6: zone }) ?? '';
const listed: Records = { A: ['127.0.0.2'] };

/** A zone that keeps to the standard and lists these. */
const zone = (name: string, ...ips: string[]): Zones =>
  Object.fromEntries([
    [name, {}],
    ...['127.0.0.2', '::ffff:7f00:2', ...ips].map((ip) => [at(ip, name), listed] as const),
  ]);

eachStore('a listing is told once with what it costs, and again when it has ended', async ({ store, t }) => {
  const dns = await startDns(t, zone('bl.one.test'));
  const look = (hours: number) =>
    lookAtBlocklists(depsOf(store, dns.server, { DNSBL_ZONES: ONE }, MORNING + hours * HOUR));
  await reported(store, [{ at: MORNING - DAY, ip: IP }]);
  assert.deepEqual(
    (await look(0)).map(({ name, state }) => [name, state]),
    [[`${IP} bl.one.test`, 'clear']],
  );
  assert.deepEqual(await alertsIn(store), []);

  dns.zones[at(IP, 'bl.one.test')] = listed;
  await reported(store, [
    { at: MORNING + HOUR, ip: IP, reply: 'blocked using BL.ONE.TEST' },
    { at: MORNING + HOUR, ip: '198.51.100.8', reply: 'blocked using bl.one.test' },
    { at: MORNING + HOUR, ip: IP, reply: 'user unknown' },
    { at: MORNING - HOUR, ip: IP, reply: 'blocked using bl.one.test' },
  ]);
  await look(24);
  await look(48);
  const [told, ...others] = await alertsIn(store);
  assert.deepEqual([told?.kind, others], ['ip_listed', []]);
  assert.match(
    told?.detail ?? '',
    /^198\.51\.100\.7 is listed at bl\.one\.test since .+ \(it was not at .+\): 127\.0\.0\.2\. 1 of 3 refusals since .+ named it$/,
  );

  dns.zones[at(IP, 'bl.one.test')] = 'servfail';
  await look(72);
  assert.equal((await alertsIn(store)).length, 1, 'what can not be told ends nothing');
  delete dns.zones[at(IP, 'bl.one.test')];
  await look(96);
  assert.deepEqual((await alertsIn(store)).at(1), {
    kind: 'ip_clear',
    detail: '198.51.100.7 is no longer listed at bl.one.test, after 3 d',
  });
});

eachStore(
  'addresses come from events of the last days and from the account, of both kinds, and none of a private network',
  async ({ store, t }) => {
    const dns = await startDns(t, zone('bl.one.test', IP6));
    await reported(store, [
      { at: MORNING - HOUR, ip: IP6 },
      { at: MORNING - 2 * HOUR, ip: '10.0.0.1' },
      { at: MORNING - 3 * HOUR, ip: 'no address' },
      { at: MORNING - 8 * DAY, ip: '198.51.100.99' },
    ]);
    const reputation = { ips: async () => [IP, '127.0.0.1'], records: async () => [], tracks: async () => false };
    const found = await lookAtBlocklists({ ...depsOf(store, dns.server, { DNSBL_ZONES: ONE }), reputation });
    assert.deepEqual(found.map(({ name, state }) => [name, state]).toSorted(), [
      [`${IP} bl.one.test`, 'clear'],
      [`${IP6} bl.one.test`, 'listed'],
    ]);
    assert.deepEqual((await lookedAt(store, 'listing', MORNING)).length, 2);
  },
);

const BLIND: Record<string, Zones | Lie> = {
  'an open resolver': { 'bl.one.test': {}, [at('127.0.0.2', 'bl.one.test')]: { A: ['127.255.255.254'] } },
  'a zone that lists the world': { ...zone('bl.one.test', '127.0.0.1'), [at(IP, 'bl.one.test')]: listed },
  'a dead zone': { 'bl.one.test': {} },
  'a parked name': 'wildcard',
  ...({ nxdomain: 'nxdomain', servfail: 'servfail', refused: 'refused', silent: 'silent', lame: 'lame' } as const),
  ...({ loop: 'loop', 'wrong id': 'wrong id', empty: 'empty', cut: 'cut' } as const),
};

for (const [what, lie] of Object.entries(BLIND))
  test(`${what} makes a zone blind: nothing is listed there, and nothing clear`, async (t) => {
    const { store } = await testStore(t, 'sqlite');
    const dns = await startDns(t, typeof lie === 'string' ? {} : lie);
    if (typeof lie === 'string') dns.lie = lie;
    await reported(store, [{ at: MORNING - HOUR, ip: IP }]);
    const [one, ...others] = await lookAtBlocklists(depsOf(store, dns.server, { DNSBL_ZONES: ONE }));
    assert.deepEqual([one?.state, others], ['blind', []]);
    assert.match(one?.body.why ?? '', /./);
    assert.deepEqual(await alertsIn(store), []);
  });

test('answers about the question are blind for one address too, and other zones go on', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const dns = await startDns(t, {
    ...zone('bl.one.test'),
    ...zone('bl.two.test', IP),
    [at(IP, 'bl.one.test')]: { A: ['127.255.255.255'] },
  });
  await reported(store, [{ at: MORNING - HOUR, ip: IP }]);
  const found = await lookAtBlocklists(depsOf(store, dns.server, { DNSBL_ZONES: TWO }));
  assert.deepEqual(found.map(({ name, state }) => [name, state]).toSorted(), [
    [`${IP} bl.one.test`, 'blind'],
    [`${IP} bl.two.test`, 'listed'],
  ]);
});

test('the key of Spamhaus is asked with, and stands in nothing that is kept', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  const dns = await startDns(t, zone('secretkey12.zen.dq.spamhaus.net', IP));
  await reported(store, [{ at: MORNING - HOUR, ip: IP }]);
  const switches: ZoneSwitch[] = [{ off: 'all' }, { on: 'zen.spamhaus.org' }];
  const found = await lookAtBlocklists(
    depsOf(store, dns.server, { DNSBL_ZONES: switches, DNSBL_DQS_KEY: 'secretkey12' }),
  );
  assert.deepEqual(
    found.map(({ state }) => state),
    ['listed'],
  );
  const rows = JSON.stringify([await store.db('care'), await store.db('alert_items')]);
  assert.doesNotMatch(rows, /secretkey/);
  assert.match(rows, /SBL/);
});

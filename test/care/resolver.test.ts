import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createResolver } from '../../src/care/resolver.ts';
import { type Lie, startDns } from '../support/lying-dns.ts';

const NAME = 'mg.example.com';
const TIMEOUT = 800;

test('what is there is found, and what is not is known to be missing', async (t) => {
  const { server } = await startDns(t, {
    [NAME]: { TXT: ['v=spf1 include:mailgun.org ~all', 'x'.repeat(600)], MX: ['10 MXA.mailgun.org'], A: ['192.0.2.1'] },
    'email.mg.example.com': { CNAME: ['mailgun.org'] },
    '1.2.0.192.in-addr.arpa': { PTR: ['m1.mailgun.net'] },
    'in-addr.arpa': {},
  });
  const dns = createResolver({ servers: [server] });
  assert.deepEqual(await dns.txt(NAME), {
    kind: 'found',
    values: ['v=spf1 include:mailgun.org ~all', 'x'.repeat(600)],
  });
  assert.deepEqual(await dns.mailHosts(NAME), { kind: 'found', values: [{ host: 'mxa.mailgun.org', priority: 10 }] });
  assert.deepEqual(await dns.addresses(NAME), { kind: 'found', values: ['192.0.2.1'] });
  assert.deepEqual(await dns.alias('email.mg.example.com'), { kind: 'found', values: ['mailgun.org'] });
  assert.deepEqual(await dns.reverse('192.0.2.1'), { kind: 'found', values: ['m1.mailgun.net'] });
  assert.deepEqual(await dns.txt('_dmarc.example.com'), { kind: 'none' });
  assert.deepEqual(await dns.mailHosts('email.example.com'), { kind: 'none' });
  assert.deepEqual(await dns.reverse('192.0.2.2'), { kind: 'none' });
});

test('an answer that is too long for UDP comes by TCP', async (t) => {
  const many = Array.from({ length: 40 }, (_, n) => `${n} ${'x'.repeat(400)}`);
  const { server } = await startDns(t, { [NAME]: { TXT: many }, 'cut.example.com': 'cut by UDP' });
  const dns = createResolver({ servers: [server] });
  assert.deepEqual(await dns.txt(NAME), { kind: 'found', values: many });
  assert.deepEqual(await dns.txt('cut.example.com'), { kind: 'found', values: ['v=spf1 -all'] });
});

const LIES: Record<Exclude<Lie, 'cut by UDP'>, RegExp> = {
  nxdomain: /knows no zone above it/,
  servfail: /SERVFAIL/,
  refused: /REFUSED/,
  silent: /did not answer in time/,
  'wrong id': /did not answer in time/,
  lame: /knows no zone above it/,
  loop: /leads nowhere/,
  cut: /./,
  wildcard: /names that can not exist/,
  empty: /knows no zone above it/,
};

for (const [lie, why] of Object.entries(LIES))
  test(`a server that lies (${lie}) makes nobody believe that something is missing, or there`, async (t) => {
    const dns = await startDns(t);
    dns.lie = lie as Lie;
    const resolver = createResolver({ servers: [dns.server], timeout: TIMEOUT });
    for (const found of [await resolver.txt(NAME), await resolver.addresses(NAME), await resolver.mailHosts(NAME)]) {
      assert.equal(found.kind, 'unsure', JSON.stringify(found));
      assert.match(found.kind === 'unsure' ? found.why : '', why);
    }
  });

test('one name that fails says nothing of the others', async (t) => {
  const { server } = await startDns(t, { 'a.example.com': 'servfail', 'b.example.com': { TXT: ['here'] } });
  const dns = createResolver({ servers: [server] });
  assert.equal((await dns.txt('a.example.com')).kind, 'unsure');
  assert.deepEqual(await dns.txt('b.example.com'), { kind: 'found', values: ['here'] });
});

test('no question is asked twice in a look', async (t) => {
  const dns = await startDns(t, { [NAME]: { TXT: ['one'] } });
  const resolver = createResolver({ servers: [dns.server] });
  await Promise.all([resolver.txt(NAME), resolver.txt(NAME)]);
  await resolver.txt(NAME);
  assert.equal(dns.asked.filter((one) => one === `TXT ${NAME}`).length, 1);
});

test('what is asked for is never in the words about it: it may hold a key', async (t) => {
  const { server } = await startDns(t, { 'secretkey.zen.example.com': 'servfail' });
  const answer = await createResolver({ servers: [server] }).listing('secretkey.zen.example.com');
  assert.doesNotMatch(JSON.stringify(answer), /secretkey/);
});

test('a look that is broken off ends its questions', async (t) => {
  const dns = await startDns(t);
  dns.lie = 'silent';
  const stopping = new AbortController();
  const asked = createResolver({ servers: [dns.server], timeout: 60_000, signal: stopping.signal }).txt(NAME);
  setImmediate(() => stopping.abort());
  assert.deepEqual(await asked, { kind: 'unsure', why: 'it was broken off' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DmarcWalk, isAligned, readDmarc, walkDmarc, walkOf } from '../../../src/core/care/dmarc.ts';
import { dnsOf } from './support.ts';

const dmarc = (text: string) => ({ txt: [`v=DMARC1; ${text}`] });

async function walked(names: Parameters<typeof dnsOf>[0], domain: string): Promise<DmarcWalk> {
  const found = await walkDmarc(domain, dnsOf(names));
  assert.equal(found.kind, 'found');
  return (found.kind === 'found' ? found.values[0] : null) as DmarcWalk;
}

test('a walk asks eight times at most and ends at the top of the tree (RFC 9989, 4.10)', () => {
  assert.deepEqual(walkOf('a.mail.example.com'), ['a.mail.example.com', 'mail.example.com', 'example.com', 'com']);
  const long = walkOf('a.b.c.d.e.f.g.h.i.j.mail.example.com');
  assert.equal(long.length, 8);
  assert.deepEqual(long.slice(0, 2), ['a.b.c.d.e.f.g.h.i.j.mail.example.com', 'g.h.i.j.mail.example.com']);
  assert.equal(long.at(-1), 'com');
});

test('the record of the domain itself holds, else that of its organization, the shortest', async () => {
  const names = {
    '_dmarc.mail.example.com': dmarc('p=reject'),
    '_dmarc.example.com': dmarc('p=none; sp=quarantine'),
  };
  const own = await walked(names, 'mail.example.com');
  assert.deepEqual(
    [own.at, own.organization, own.record?.policy, own.tag],
    ['mail.example.com', 'example.com', 'reject', 'p'],
  );
  const below = await walked(names, 'a.mail.example.com');
  assert.deepEqual([below.at, below.organization, below.tag], ['example.com', 'example.com', 'sp']);
});

test('a public suffix says where organizations below it end, and psd=n where one begins', async () => {
  const suffix = { '_dmarc.bank.example': dmarc('p=reject; psd=y') };
  const giant = await walked(suffix, 'mail.giant.bank.example');
  assert.deepEqual([giant.organization, giant.at], ['giant.bank.example', 'bank.example']);
  const both = await walked({ ...suffix, '_dmarc.giant.bank.example': dmarc('p=none') }, 'mail.giant.bank.example');
  assert.deepEqual([both.organization, both.at], ['giant.bank.example', 'giant.bank.example']);
  const dns = dnsOf({ '_dmarc.b.example.com': dmarc('p=none; psd=n'), '_dmarc.example.com': dmarc('p=reject') });
  const found = await walkDmarc('a.b.example.com', dns);
  assert.equal(found.kind === 'found' && found.values[0]?.organization, 'b.example.com');
  assert.ok(!dns.asked.includes('_dmarc.example.com'), 'the walk stops there');
});

test('of several records none counts, and without any the domain is its own organization', async () => {
  const several = await walked(
    { '_dmarc.example.com': { txt: ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] } },
    'example.com',
  );
  assert.deepEqual([several.record, several.several, several.organization], [null, ['example.com'], 'example.com']);
  const none = await walked({}, 'mg.example.com');
  assert.deepEqual([none.record, none.organization], [null, 'mg.example.com']);
});

test('a walk that was not answered somewhere is unsure, because another record may hold', async () => {
  const found = await walkDmarc(
    'mg.example.com',
    dnsOf({ '_dmarc.mg.example.com': dmarc('p=reject'), '_dmarc.example.com': null }),
  );
  assert.deepEqual(found, { kind: 'unsure', why: '_dmarc.example.com: the DNS server did not answer in time' });
});

test('a record is read as RFC 9989 says, and what is none is none', () => {
  const read = readDmarc('v = DMARC1 ; p=Reject; t=y; adkim=s; pct=50; ri=1; rua=mailto:a@example.com; odd=1');
  assert.deepEqual(
    [read?.policy, read?.isTest, read?.strictDkim, read?.strictSpf, read?.gone, read?.reportsTo],
    ['reject', true, true, false, ['pct', 'ri'], 'mailto:a@example.com'],
  );
  assert.equal(readDmarc('v=DMARC1; p=maybe; rua=mailto:a@example.com')?.policy, 'none');
  assert.equal(readDmarc('v=DMARC1; p=maybe')?.policy, null);
  for (const text of ['v=dmarc1; p=none', 'p=none; v=DMARC1', 'v=DMARC10', '']) assert.equal(readDmarc(text), null);
});

test('relaxed alignment asks for the organization, and a strict one for the domain', () => {
  const of = (domain: string, organization: string) => ({ domain, organization });
  const from = of('example.com', 'example.com');
  assert.equal(isAligned(from, of('mg.example.com', 'example.com'), false), true);
  assert.equal(isAligned(from, of('mg.example.com', 'example.com'), true), false);
  assert.equal(isAligned(from, of('sendgrid.net', 'sendgrid.net'), false), false);
});

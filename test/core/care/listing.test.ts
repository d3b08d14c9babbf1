import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedName, listingOf, selfTestTrouble, type ZoneAnswer } from '../../../src/core/care/listing.ts';
import { ZONES, zonesBy } from '../../../src/core/care/zones.ts';

const codes = (...all: string[]): ZoneAnswer => ({ kind: 'codes', codes: all });
const NONE: ZoneAnswer = { kind: 'none' };
const both = { v4: 'z.test', v6: 'z.test' };

test('addresses are asked for as RFC 5782 says', () => {
  assert.equal(askedName('192.0.2.99', both), '99.2.0.192.z.test');
  assert.equal(
    askedName('2001:db8:1:2:3:4:567:89ab', both),
    'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.z.test',
  );
  assert.equal(
    askedName('::FFFF:7F00:2', both),
    '2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.z.test',
  );
  assert.equal(askedName('::ffff:127.0.0.2', both), askedName('::ffff:7f00:2', both));
  assert.deepEqual(
    ['2001:db8::1', 'nonsense', '1:2'].map((ip) => askedName(ip, { v4: 'z.test', v6: null })),
    [null, null, null],
  );
  assert.equal(askedName('1:2:3', both), null);
});

test('an answer about the question is blind, never listed and never clear', () => {
  for (const code of [
    '127.255.255.252',
    '127.255.255.254',
    '127.255.255.255',
    '127.255.255.1',
    '127.0.0.1',
    '10.0.0.1',
    '203.0.113.7',
  ])
    assert.equal(listingOf(codes('127.0.0.2', code), null).state, 'blind', code);
  assert.deepEqual(listingOf({ kind: 'blind', why: 'x' }, null), { state: 'blind', why: 'x' });
  assert.deepEqual(listingOf(codes('127.0.0.2', '127.0.0.4'), null), {
    state: 'listed',
    codes: ['127.0.0.2', '127.0.0.4'],
  });
  assert.deepEqual(listingOf(NONE, null), { state: 'clear' });
});

test('where only some codes are bad, the others say that an address is well', () => {
  assert.deepEqual(listingOf(codes('127.0.0.18'), ['127.0.0.10']), { state: 'clear' });
  assert.deepEqual(listingOf(codes('127.0.0.18', '127.0.0.10'), ['127.0.0.10']), {
    state: 'listed',
    codes: ['127.0.0.10'],
  });
});

test('a zone is believed when it lists its test entry and not the other', () => {
  assert.equal(selfTestTrouble(codes('127.0.0.2'), NONE), null);
  assert.match(selfTestTrouble(NONE, NONE) ?? '', /dead/);
  assert.match(selfTestTrouble(codes('127.0.0.2'), codes('127.0.0.2')) ?? '', /lists the world/);
  assert.match(selfTestTrouble(codes('198.51.100.1'), codes('198.51.100.1')) ?? '', /belongs to somebody else/);
  assert.match(selfTestTrouble(codes('127.255.255.254'), NONE) ?? '', /public/);
  assert.equal(selfTestTrouble({ kind: 'blind', why: 'time' }, NONE), 'time');
  assert.equal(selfTestTrouble(codes('127.0.0.2'), { kind: 'blind', why: 'time' }), 'time');
});

test('zones are switched on and off, and own ones added; those that are dead are not among them', () => {
  const names = (...given: Parameters<typeof zonesBy>) => zonesBy(...given).map(({ name }) => name);
  const usual = names([]);
  assert.ok(usual.includes('zen.spamhaus.org') && !usual.includes('b.barracudacentral.org'));
  assert.deepEqual(names([{ off: 'all' }]), []);
  assert.deepEqual(names([{ off: 'all' }, { on: 'bl.spamcop.net' }, { on: 'own.test' }]), [
    'bl.spamcop.net',
    'own.test',
  ]);
  assert.deepEqual(new Set(names([{ off: 'bl.0spam.org' }])), new Set(usual.filter((name) => name !== 'bl.0spam.org')));
  for (const dead of ['sorbs', 'manitu', 'wpbl', 'uceprotect', 'spamcannibal'])
    assert.ok(!ZONES.some(({ name }) => name.includes(dead)), dead);
});

test('the key of Spamhaus is in the name that is asked, and not in the one that is shown', () => {
  const [zen] = zonesBy([], 'secret').filter(({ name }) => name.includes('spamhaus'));
  assert.deepEqual(
    [zen?.name, zen?.v4, zen?.v6],
    ['zen.spamhaus.org', 'secret.zen.dq.spamhaus.net', 'secret.zen.dq.spamhaus.net'],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSpf, type Spf, withTerms } from '../../../src/core/care/spf.ts';
import { dnsOf } from './support.ts';

const spf = (text: string) => ({ txt: [`v=spf1 ${text}`] });

async function read(names: Parameters<typeof dnsOf>[0], domain = 'd.test'): Promise<Spf> {
  const found = await readSpf(domain, dnsOf(names));
  assert.equal(found.kind, 'found');
  return (found.kind === 'found' ? found.values[0] : null) as Spf;
}

test('lookups are counted through all that is included, and ten are allowed', async () => {
  const eight = Array.from({ length: 8 }, (_, n) => `include:i${n}.test`).join(' ');
  const leaves = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`i${n}.test`, spf('ip4:192.0.2.1 -all')]));
  const good = await read({ ...leaves, 'i0.test': spf('a mx -all'), 'd.test': spf(`${eight} ~all`), 'i0x.test': {} });
  assert.equal(good.lookups, 10);
  assert.deepEqual([good.all, good.includes.size], ['~', 8]);
  const bad = await read({
    ...leaves,
    'i0.test': { a: ['192.0.2.1'], mx: ['m.test'], ...spf('a mx exists:i0.test -all') },
    'd.test': spf(`${eight} ~all`),
  });
  assert.deepEqual(bad.problems, ['it takes 11 DNS lookups where 10 are allowed']);
});

test('two lookups may find nothing, and three may not', async () => {
  const names = { 'd.test': spf('a:x.test a:y.test -all') };
  assert.deepEqual((await read(names)).problems, []);
  const three = await read({ 'd.test': spf('a:x.test a:y.test exists:z.test -all') });
  assert.deepEqual([three.voids, three.problems], [3, ['3 of its DNS lookups find nothing where 2 may']]);
});

test('several records, an include without a record, one that has several, and nonsense break it', async () => {
  const { problems } = await read({
    'd.test': { txt: ['v=spf1 include:none.test include:two.test foo -all', 'other', 'v=spf1 -all'] },
    'none.test': { txt: ['hello'] },
    'two.test': { txt: ['v=spf1 -all', 'v=spf1 ~all'] },
  });
  assert.deepEqual(problems, [
    'there are 2 SPF records where one is allowed',
    'none.test, which it includes, has no SPF record',
    'two.test, which it includes, has several',
    '"foo" in the record of d.test is not understood',
  ]);
});

test('a circle of includes ends, and so do very many of them', async () => {
  const circle = await read({ 'd.test': spf('include:e.test -all'), 'e.test': spf('include:d.test -all') });
  assert.deepEqual(circle.problems, ['it includes itself by way of d.test']);
  const bomb = dnsOf(
    Object.fromEntries(
      ['d', ...Array.from({ length: 12 }, (_, n) => `b${n}`)].map((name, n) => [
        `${name}.test`,
        spf(Array.from({ length: 9 }, (_, m) => `include:b${n + (m % 2)}.test`).join(' ')),
      ]),
    ),
  );
  assert.equal((await readSpf('d.test', bomb)).kind, 'found');
  assert.ok(bomb.asked.length < 60, String(bomb.asked.length));
});

test('a redirect counts and is followed, and is not where the record has an end of its own', async () => {
  const names = { 'd.test': spf('redirect=e.test'), 'e.test': spf('ip4:192.0.2.0/24 ?all') };
  const followed = await read(names);
  assert.deepEqual([followed.lookups, followed.all, [...followed.includes]], [1, '?', ['e.test']]);
  const ended = await read({ ...names, 'd.test': spf('redirect=e.test -all') });
  assert.deepEqual([ended.lookups, ended.all], [0, '-']);
});

test('what nobody could tell is unsure, and neither missing nor void', async () => {
  assert.deepEqual(await readSpf('d.test', dnsOf({ 'd.test': null })), {
    kind: 'unsure',
    why: 'the DNS server did not answer in time',
  });
  const half = await read({ 'd.test': spf('include:e.test -all'), 'e.test': null });
  assert.deepEqual([half.problems, half.voids, half.unsure.length], [[], 0, 1]);
  assert.deepEqual(await readSpf('d.test', dnsOf({ 'd.test': { txt: ['v=spf10 -all', 'spf1'] } })), { kind: 'none' });
});

test('macros are counted and not looked up', async () => {
  const dns = dnsOf({ 'd.test': spf('exists:%{i}.x.test include:%{d}.y.test ptr -all') });
  const found = await readSpf('d.test', dns);
  assert.equal(found.kind === 'found' && found.values[0]?.lookups, 3);
  assert.deepEqual(dns.asked, ['d.test']);
});

test('an include is put before the end of a record', () => {
  const withInclude = (record: string | undefined, name: string) => withTerms(record, [`include:${name}`]);
  assert.equal(withInclude(undefined, 'mailgun.org'), 'v=spf1 include:mailgun.org ~all');
  assert.equal(withInclude('v=spf1 a -all', 'x.test'), 'v=spf1 a include:x.test -all');
  assert.equal(withInclude('v=spf1 all', 'x.test'), 'v=spf1 include:x.test all');
  assert.equal(withInclude('v=spf1 redirect=y.test', 'x.test'), 'v=spf1 include:x.test redirect=y.test');
  assert.equal(withInclude('v=spf1', 'x.test'), 'v=spf1 include:x.test');
});

test('of several records nothing that one of them allows is lost', async () => {
  const merged = async (...txt: string[]) => {
    const found = await readSpf('d.test', dnsOf({ 'd.test': { txt } }));
    return found.kind === 'found' ? [found.values[0]?.record, found.values[0]?.count] : null;
  };
  assert.deepEqual(
    await merged('v=spf1 include:a.test ~all', 'v=spf1 INCLUDE:A.test ip4:192.0.2.1 exp=e.test mx -all a:late.test'),
    ['v=spf1 include:a.test ip4:192.0.2.1 mx ~all', 2],
  );
  assert.deepEqual(await merged('v=spf1 -all', 'v=spf1 a redirect=b.test'), ['v=spf1 a include:b.test -all', 2]);
  assert.deepEqual(await merged('v=spf1 redirect=b.test', 'v=spf1 a -all redirect=c.test'), [
    'v=spf1 a redirect=b.test',
    2,
  ]);
});

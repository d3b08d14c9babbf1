import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalAddress } from '../../../src/core/address.ts';
import { createReturnPath } from '../../../src/providers/smtp/return-path.ts';

const OLD = 'ab'.repeat(32);
const NEW = 'cd'.repeat(32);
const DOMAIN = 'bounces.example.com';
const HANDED = { deliveryId: '01JD4ZKQ8M9V7T3X5W2YB6NCRE', attempt: 2 };

const path = (keys = [NEW], provider = 'mail.example.com:587') => createReturnPath({ domain: DOMAIN, keys }, provider);

test('a return path is an address that any server takes, and names its hand-over', () => {
  const address = path().addressOf({ ...HANDED, attempt: 99_999 });
  assert.equal(canonicalAddress(address), address);
  assert.ok(address.indexOf('@') <= 64, address);
  assert.deepEqual(path().read(address), { ...HANDED, attempt: 99_999 });
});

test('servers may change the case of its letters', () => {
  const address = path().addressOf(HANDED);
  assert.deepEqual(path().read(address.toUpperCase()), HANDED);
  assert.deepEqual(path().read(address.replace('bounce', 'Bounce')), HANDED);
});

test('the key may change while mail is out: an old one opens, and the newest signs', () => {
  const address = path([OLD]).addressOf(HANDED);
  assert.deepEqual(path([NEW, OLD]).read(address), HANDED);
  assert.equal(path([NEW]).read(address), null);
  assert.equal(path([NEW, OLD]).addressOf(HANDED), path([NEW]).addressOf(HANDED));
});

test('a change anywhere in it makes it nobody’s', () => {
  const address = path().addressOf(HANDED);
  for (let at = 0; at < address.length; at++) {
    const other = address[at] === '7' ? '8' : '7';
    const changed = address.slice(0, at) + other + address.slice(at + 1);
    assert.equal(path().read(changed), null, changed);
    assert.equal(path().read(address.slice(0, at) + address.slice(at + 1)), null);
  }
});

test('it is for one attempt, one provider and one domain', () => {
  const address = path().addressOf(HANDED);
  assert.equal(path().read(address.replace('-2-', '-3-')), null);
  assert.equal(path([NEW], 'other.example.com:587').read(address), null);
  assert.equal(path().read(address.replace(DOMAIN, 'example.com')), null);
});

test('what has not its form is read at once, however long it is', () => {
  const long = 'bounce+'.repeat(100_000);
  for (const text of [
    '',
    '@',
    'bounce+@',
    `postmaster@${DOMAIN}`,
    long,
    `${long}@${DOMAIN}`,
    `${path().addressOf(HANDED)}@x`,
  ])
    assert.equal(path().read(text), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, timeOf } from '../../src/base/ids.ts';

test('ids sort by the time of their making, also within one millisecond', () => {
  const ids = [1, 2, 2, 2, 31, 32, 33, 1_469_918_176_385, 1_469_918_176_385, 2 ** 48 - 1].map(newId);
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
});

test('an id is a ULID: the time in ten of Crockford’s digits, then sixteen that nobody can guess', () => {
  // The example of the ULID specification (github.com/ulid/spec).
  assert.match(newId(1_469_918_176_385), /^01ARYZ6S41[0-9A-HJKMNP-TV-Z]{16}$/);
  assert.match(newId(2 ** 48 - 1), /^7ZZZZZZZZZ[0-9A-HJKMNP-TV-Z]{16}$/);
  assert.match(newId(0), /^0{10}[0-9A-HJKMNP-TV-Z]{16}$/);
  const many = Array.from({ length: 2000 }, (_, n) => newId(n).slice(10));
  assert.equal(new Set(many).size, many.length);
  for (let place = 0; place < 16; place++) assert.equal(new Set(many.map((id) => id[place])).size, 32);
});

test('an id tells when it was made', () => {
  for (const at of [0, 1, Date.UTC(2026, 10, 28), 2 ** 48 - 1]) assert.equal(timeOf(newId(at)), at);
});

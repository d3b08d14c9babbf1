import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letGo } from '../../src/base/let-go.ts';

const MB = 1024 * 1024;

test('what is let go is gone at once, before anything is collected', () => {
  const before = process.memoryUsage().arrayBuffers;
  const all = Array.from({ length: 20 }, () => Buffer.alloc(MB, 1));
  assert.ok(process.memoryUsage().arrayBuffers - before >= 20 * MB);
  for (const bytes of all) letGo(bytes);
  assert.ok(process.memoryUsage().arrayBuffers - before < MB);
  assert.deepEqual(
    all.map(({ length }) => length),
    all.map(() => 0),
  );
});

test('bytes that share their memory with others stay', () => {
  const whole = Buffer.alloc(MB, 1);
  const part = whole.subarray(10, 20);
  letGo(part);
  const small = Buffer.from('of the pool of small ones');
  letGo(small);
  assert.equal(part.length, 10);
  assert.equal(whole.length, MB);
  assert.equal(small.toString(), 'of the pool of small ones');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readKey } from '../../src/mail/key.ts';

test('a key is kept without the blanks around it, and a number is one', () => {
  assert.equal(readKey(' reset:42\t'), 'reset:42');
  assert.equal(readKey(42), '42');
  assert.equal(readKey(42n), '42');
});

test('a key has 1 to 191 characters, however many units they take', () => {
  assert.equal(readKey('😀'.repeat(191)), '😀'.repeat(191));
  for (const none of ['', '  ', '😀'.repeat(192), 'a\nb', 'a\ufffdb', null, {}, ['a'], true])
    assert.equal(readKey(none), null);
});

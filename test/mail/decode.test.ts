import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formBytesIn } from '../../src/mail/decode.ts';

test('what is escaped in a form is decoded wherever it stands, and what is escaped wrongly stays', () => {
  for (const [escaped, sign] of [
    ['+', ' '],
    ['%41', 'A'],
    ['%C3%BC', 'ü'],
    ['%4', '%4'],
  ] as const)
    for (const shift of [0, 1, 2]) {
      const begin = '-'.repeat(shift);
      assert.equal(String(formBytesIn(Buffer.from(begin + escaped.repeat(7000)))), begin + sign.repeat(7000), escaped);
    }
});

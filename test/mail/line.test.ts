import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine } from '../../src/mail/line.ts';

test('a folded text is one line', () => {
  assert.equal(oneLine(' Hello\r\n\tworld\u0000 '), 'Hello world');
});

test('a line longer than a mail may hold is cut, shows it, and ends with a whole character', () => {
  assert.equal(oneLine('x'.repeat(998)), 'x'.repeat(998));
  assert.equal(oneLine('x'.repeat(999)), `${'x'.repeat(997)}…`);
  for (const head of ['', 'x']) {
    const cut = oneLine(head + '😀'.repeat(1200));
    assert.ok([...cut].length <= 998 && cut.endsWith('😀…'), head);
  }
});

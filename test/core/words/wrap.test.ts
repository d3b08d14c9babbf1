import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wrap } from '../../../src/core/words/wrap.ts';

const HANG = ' '.repeat(9);

test('a line is broken at its spaces, and the further ones are indented', () => {
  const text = '  label  one two three four';
  assert.equal(wrap(text, { width: 17, hang: HANG }), '  label  one two\n         three\n         four');
});

test('the label and what follows it stay together, however long that is', () => {
  assert.equal(wrap(`  label  ${'x'.repeat(40)} y`, { width: 20, hang: HANG }), `  label  ${'x'.repeat(40)}\n${HANG}y`);
});

test('an address stays whole, and the text behind it is broken all the same', () => {
  const address = `${'x'.repeat(30)}@example.org`;
  assert.equal(wrap(`${address} one two three`, { width: 9 }), `${address}\none two\nthree`);
});

test('where words may be cut no line is too long, and letters count for one column each', () => {
  const wide = '😀'.repeat(5);
  assert.equal(wrap(`a ${wide}${wide} b`, { width: 5, cutsWords: true }), `a\n${wide}\n${wide}\nb`);
});

test('nothing is lost: the words of the lines are the words of the text', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(
      fc.array(word),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(8),
      fc.boolean(),
      (words, width, n, cutsWords) => {
        const hang = ' '.repeat(Math.min(n, width - 1));
        const lines = wrap(words.join(' '), { width, hang, cutsWords }).split('\n');
        const rest = lines.slice(1);
        assert.ok(rest.every((line) => line.startsWith(hang)));
        if (cutsWords) assert.ok(lines.every((line) => [...line].length <= width + 1));
        assert.equal(lines.join(' ').replace(/ /g, ''), words.join(''));
      },
    ),
  );
});

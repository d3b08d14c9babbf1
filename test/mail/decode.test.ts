import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formTextIn, textIn } from '../../src/mail/decode.ts';
import { inOneGo, inTurns } from '../../src/mail/steps.ts';

test('a long text is decoded in steps to what it is in one go, whatever stands where the steps end', async () => {
  for (const sign of ['x', 'ü', '€', '🎉', '\uFEFF']) {
    for (const shift of [0, 1, 2, 3]) {
      const text = `${'-'.repeat(shift)}${sign.repeat(1_200_000)}`;
      let pauses = 0;
      const pause = async () => void pauses++;
      assert.ok((await inTurns(textIn(Buffer.from(text)), pause)) === text);
      assert.ok(pauses > 0);
    }
  }
});

test('a long value of a form too', () => {
  for (const [escaped, sign] of [
    ['+', ' '],
    ['%41', 'A'],
    ['%C3%BC', 'ü'],
    ['%4', '%4'],
  ] as const)
    for (const shift of [0, 1, 2])
      assert.ok(
        inOneGo(formTextIn(Buffer.from('-'.repeat(shift) + escaped.repeat(700_000)))) ===
          '-'.repeat(shift) + sign.repeat(700_000),
        escaped,
      );
});

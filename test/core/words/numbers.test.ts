import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { lengthWords, percent, timeTaken, timeWords } from '../../../src/core/words/numbers.ts';
import { MORNING } from '../../support/clock.ts';

test('times and lengths are read at a glance', () => {
  assert.equal(timeWords(MORNING), '2026-11-25 09:00:00 UTC');
  const lengths = [250, 30 * SECOND, 4 * MINUTE, 256 * MINUTE, 2 * HOUR, DAY, DAY + 5 * HOUR];
  assert.deepEqual(lengths.map(lengthWords), ['250 ms', '30 s', '4 min', '4 h 16 min', '2 h', '1 d', '1 d 5 h']);
});

test('a length just below the next unit is not 60 of the smaller', () => {
  assert.equal(lengthWords(MINUTE - 1), '1 min');
  assert.equal(lengthWords(HOUR - 1), '1 h');
  assert.equal(lengthWords(2 * HOUR - 1), '2 h');
  assert.equal(lengthWords(DAY - 1), '1 d');
  assert.equal(lengthWords(2 * DAY - 1), '2 d');
});

test('what was measured is told more exactly than what is planned, up to an hour', () => {
  const measured = [null, 250, 12_340, 59_940, 59_960, 200_000, HOUR - 1, 15_360_000];
  const words = ['–', '250 ms', '12.3 s', '59.9 s', '1 min', '3 min 20 s', '1 h', '4 h 16 min'];
  assert.deepEqual(measured.map(timeTaken), words);
});

test('percentages never round to nothing or to all', () => {
  assert.deepEqual([0, 0.00001, 0.5, 0.99999, 1].map(percent), ['0 %', '<0.1 %', '50.0 %', '>99.9 %', '100 %']);
});

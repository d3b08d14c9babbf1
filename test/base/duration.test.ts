import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationText, parseDuration } from '../../src/base/duration.ts';

test('durations read as 250ms, 30s, 4m, 8h, 3d and with a fraction', () => {
  const asRead = ['250ms', '30s', '4m', '8h', '3d', '1.5s', ' 2s '].map(parseDuration);
  assert.deepEqual(asRead, [250, 30_000, 240_000, 28_800_000, 259_200_000, 1500, 2000]);
});

test('what is no duration is refused, never guessed at', () => {
  for (const text of ['', '30', '-1s', '1 s', '1w', 's', '1e3s', '1s2m', 'NaNs', '0x1s', '9999999999s', '3651d'])
    assert.equal(parseDuration(text), null, text);
});

test('a duration that is read is a whole number of milliseconds that a date can bear', () => {
  const text = fc.tuple(fc.nat(999_999_999), fc.constantFrom('ms', 's', 'm', 'h', 'd')).map((parts) => parts.join(''));
  const isSound = (ms: number | null) => ms === null || (Number.isSafeInteger(ms) && ms >= 0);
  fc.assert(fc.property(text, (duration) => isSound(parseDuration(duration))));
});

test('a duration is written as it is read', () => {
  fc.assert(fc.property(fc.nat(999_999_999), (ms) => parseDuration(durationText(ms)) === ms));
  assert.deepEqual([30_000, 90_000, 900_000, 86_400_000, 1500].map(durationText), [
    '30s',
    '90s',
    '15m',
    '1d',
    '1500ms',
  ]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { readWithin, withinText } from '../../src/mail/deliver-within.ts';

test('a length in hours and minutes is read within the limits of Mailgun', () => {
  const read = ['1h30m', '90m', ' 2h ', '0h5m', '24h', '24h0m'].map(readWithin);
  assert.deepEqual(read, [90 * MINUTE, 90 * MINUTE, 2 * HOUR, 5 * MINUTE, 24 * HOUR, 24 * HOUR]);
  const none = ['', '4m', '24h1m', '90', '1.5h', '90s', '1d', '30m1h', 'soon'];
  assert.deepEqual(
    none.filter((text) => readWithin(text) !== null),
    [],
  );
});

test('it is written with hours and minutes both', () => {
  assert.deepEqual([90 * MINUTE, 2 * HOUR, 5 * MINUTE + 59_999].map(withinText), ['1h30m', '2h0m', '0h5m']);
});

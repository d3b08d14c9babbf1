import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, type Ms } from '../../../src/core/time.ts';
import { comparedAt } from '../../../src/tell/thresholds/compared.ts';

const BERLIN = 'Europe/Berlin';
const iso = ({ from, to }: { from: Ms; to: Ms }): string =>
  `${new Date(from).toISOString().slice(0, 16)} ${new Date(to).toISOString().slice(11, 16)}`;

test('it is the same hour by the clock on the wall, before and after clocks change', () => {
  // In Berlin clocks went back on 25 October 2026: ten o'clock is 08:00 UTC before it, and 09:00 UTC after.
  const { now, days, weeks } = comparedAt(Date.UTC(2026, 9, 27, 9), HOUR, BERLIN);
  assert.equal(iso(now), '2026-10-27T08:00 09:00');
  assert.deepEqual(days.slice(0, 3).map(iso), [
    '2026-10-26T08:00 09:00',
    '2026-10-25T08:00 09:00',
    '2026-10-24T07:00 08:00',
  ]);
  assert.equal(weeks.map(iso)[0], '2026-10-20T07:00 08:00');
});

test('an hour that is not there in spring is the one after it', () => {
  // On 28 March 2027 two o'clock in Berlin is three o'clock.
  const { days } = comparedAt(Date.UTC(2027, 2, 29, 0, 30), HOUR, BERLIN);
  assert.deepEqual(days.map(iso).slice(0, 2), ['2027-03-28T00:30 01:30', '2027-03-27T00:30 01:30']);
});

test('all of it lies on quarters of an hour, also where clocks differ by half of one', () => {
  for (const zone of ['UTC', BERLIN, 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe']) {
    const { days, weeks } = comparedAt(Date.UTC(2026, 9, 27, 9, 15), 24 * HOUR, zone);
    for (const { from, to } of [...days, ...weeks]) assert.deepEqual([from % (HOUR / 4), to - from], [0, 24 * HOUR]);
  }
});

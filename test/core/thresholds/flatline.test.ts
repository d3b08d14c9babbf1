import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usualOf } from '../../../src/core/thresholds/flatline.ts';

const LEAST = 10;
const NONE = [null, null, null, null];
const week = (n: number) => Array(7).fill(n) as number[];

const CASES: [title: string, days: (number | null)[], weeks: (number | null)[], usual: number | null][] = [
  ['on the first day nothing is usual', Array(7).fill(null), NONE, null],
  ['after six days neither', [...week(50).slice(1), null], NONE, null],
  ['after a week of it each day it is', week(50), [50, null, null, null], 50],
  ['one day without, as a holiday, does not matter', [50, 50, 0, 50, 50, 50, 50], [50, null, null, null], 50],
  ['two do: then it is not sent each day', [50, 0, 0, 50, 50, 50, 50], [50, null, null, null], null],
  [
    'on the first Saturday, what is sent on workdays is not missed',
    [50, 50, 50, 50, 50, 0, 0],
    [0, null, null, null],
    null,
  ],
  ['nor on later ones', [50, 50, 50, 50, 50, 0, 0], [0, 0, 0, 0], null],
  ['on Monday it is by the Mondays before', [0, 0, 50, 50, 50, 50, 50], [50, 48, 52, null], 50],
  ['a weekly letter is missed on its day', [0, 0, 0, 0, 0, 0, 1000], [1000, 900, 1100, 1000], 1000],
  ['and not on others', [0, 0, 1000, 0, 0, 0, 0], [0, 0, 0, 0], null],
  ['a letter that came twice is not usual yet', [0, 0, 0, 0, 0, 0, 1000], [1000, 1000, 0, 0], null],
  ['one week without it does not matter', [0, 0, 0, 0, 0, 0, 0], [0, 1000, 900, 1100], 1000],
  ['less than the least is nothing', week(9), [9, 9, 9, 9], null],
  ['exactly the least is something', week(10), [10, 10, 10, 10], 10],
  ['a single huge day does not make it usual', [0, 0, 0, 9000, 0, 0, 0], [0, 0, 9000, 0], null],
];

for (const [title, days, weeks, usual] of CASES)
  test(title, () => assert.equal(usualOf({ days, weeks }, LEAST), usual));

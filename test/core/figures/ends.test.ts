import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf } from '../../../src/core/figures/figures.ts';
import type { Sum } from '../../../src/core/figures/sums.ts';

const ends = (...values: [value: string, n: number][]) =>
  figuresOf(
    values.map(([value, n]) => ({ domain: 'd', class: 'notice' as const, what: 'reason' as const, value, n, ms: 0 })),
  ).ends.map((e) => [e.state, e.reason, e.n]);

test('what people said when they cancelled is no reason of its own', () => {
  const before = ends(['cancelled by ann (command line)', 1], ['cancelled the user has reset it', 1]);
  assert.deepEqual(before, [
    ['cancelled', 'by_application', 1],
    ['cancelled', 'by_operator', 1],
  ]);
});

test('an end that was counted by its words and opened again since is counted no more', () => {
  const opened = ends(['cancelled by the application', 3], ['cancelled by_application', -1], ['failed ip_block', 1]);
  assert.deepEqual(opened, [
    ['cancelled', 'by_application', 2],
    ['failed', 'ip_block', 1],
  ]);
});

test('what is equally frequent has one order, whichever way it was read', () => {
  const sums = [
    'reason failed network',
    'reason abandoned network',
    'retry ip_block 2 same',
    'retry ip_block 2 changed',
  ]
    .map((name) => name.split(' '))
    .map(([what, ...value]) => ({ domain: 'd', class: 'notice', what, value: value.join(' '), n: 1, ms: 0 }) as Sum);
  assert.deepEqual(figuresOf(sums), figuresOf(sums.toReversed()));
});

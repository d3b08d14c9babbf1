import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf } from '../../../src/core/figures/figures.ts';

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

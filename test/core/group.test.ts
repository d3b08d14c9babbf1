import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupBy } from '../../src/core/group.ts';

test('items are grouped in their order, and an empty list has no groups', () => {
  const groups = groupBy(['ann', 'ben', 'adam'], (name) => name.charAt(0));
  assert.deepEqual(
    [...groups],
    [
      ['a', ['ann', 'adam']],
      ['b', ['ben']],
    ],
  );
  assert.equal(groupBy([], () => '').size, 0);
});

test('half a million items of one group are grouped in no time that anybody notices', () => {
  const items = Array.from({ length: 500_000 }, (_, n) => n);
  assert.equal(groupBy(items, () => 'all').get('all')?.length, 500_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../src/base/ids.ts';
import { shareAmong, shareOf } from '../../src/core/roles.ts';

test('each id is the share of one, and each has about as many', () => {
  const ids = Array.from({ length: 3000 }, (_, n) => newId(1_790_000_000_000 + n).slice(0, 10));
  const counts = [0, 1, 2].map((index) => ids.filter((id) => shareOf(id, 3) === index).length);
  for (const count of counts) assert.ok(count > 800 && count < 1200, `${counts}`);
});

test('daemons agree on who is which, and one that is not known yet has all', () => {
  assert.deepEqual(shareAmong(['b', 'a'], 'b'), { index: 1, of: 2 });
  assert.deepEqual(shareAmong(['b', 'a'], 'a'), { index: 0, of: 2 });
  assert.deepEqual(shareAmong(['b', 'a'], 'c'), { index: 0, of: 1 });
});

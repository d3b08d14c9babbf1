import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Latencies, slownessIn, tookOf } from '../../src/core/latency.ts';
import { SECOND } from '../../src/core/time.ts';

const limit = (before: Latencies) => slownessIn({}, before).limit / SECOND;

test('a hand-over is counted by the time that it took', () => {
  const lengths = [0, 1000, 1001, 2000, 5000, 5001, 10_000, 30_000, 30_001];
  assert.deepEqual(lengths.map(tookOf), [
    ...['took1', 'took1', 'took2', 'took2', 'took5', 'took10', 'took10', 'took30', 'longer'],
  ]);
});

test('without a past, slow is what takes longer than five seconds', () => {
  const slowness = slownessIn({ took1: 3, took5: 2, took10: 4, longer: 1 }, { took30: 19 });
  assert.deepEqual(slowness, { timed: 10, slow: 5, limit: 5 * SECOND });
});

test('with one, it is what takes five times as long as a quarter of the hand-overs did', () => {
  assert.equal(limit({ took1: 20 }), 5);
  assert.equal(limit({ took1: 10, longer: 30 }), 5, 'the others do not count');
  assert.equal(limit({ took1: 9, took2: 31 }), 10);
  assert.equal(limit({ took5: 20 }), 30);
  assert.equal(limit({ longer: 20 }), 30, 'nothing makes half a minute usual');
  assert.equal(slownessIn({ took30: 5, longer: 2 }, { took10: 20 }).slow, 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainWait, policyFor, type Waits, waitAfter, watchOnly } from '../../src/core/policy.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { policy, SETTINGS } from '../support/factory.ts';

const EXPONENTIAL: Waits = { kind: 'exponential', base: 4, unit: MINUTE };

test('waits 4, 16, 64 and 256 minutes', () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((n) => plainWait(n, EXPONENTIAL) / MINUTE),
    [4, 16, 64, 256],
  );
});

test('a list of waits repeats its last', () => {
  const waits: Waits = { kind: 'list', waits: [30 * SECOND, 60 * SECOND] };
  assert.deepEqual(
    [1, 2, 3, 9].map((n) => plainWait(n, waits) / SECOND),
    [30, 60, 60, 60],
  );
  assert.equal(plainWait(1, { kind: 'list', waits: [] }), 0);
});

test('without spread a wait is exact', () => {
  assert.equal(waitAfter('any', 3, policy()), 64 * MINUTE);
});

test('a spread stays within its share and is the same each time', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 4 }), fc.constantFrom(0.1, 0.5), (id, n, spread) => {
      const p = policy('notice', { spread });
      const wait = waitAfter(id, n, p);
      const plain = plainWait(n, p.waits);
      assert.ok(Math.abs(wait - plain) <= plain * spread + 1);
      assert.equal(waitAfter(id, n, p), wait);
      assert.ok(Number.isInteger(wait));
    }),
  );
});

test('deliveries that failed together do not come back together', () => {
  const p = policy('notice', { spread: 0.1 });
  const minutes = Array.from({ length: 500 }, (_, n) => Math.floor(waitAfter(`delivery-${n}`, 3, p) / MINUTE));
  const counts = new Map<number, number>();
  for (const m of minutes) counts.set(m, (counts.get(m) ?? 0) + 1);
  assert.ok(counts.size >= 12, `they fall into ${counts.size} minutes`);
  assert.ok(Math.max(...counts.values()) < 100);
});

test('the classes differ in life, waits, fallback and end', () => {
  const [access, notice, bulk] = [policy('access'), policy('notice'), policy('bulk')];
  assert.deepEqual([access.usefulLife, notice.usefulLife, bulk.usefulLife], [15 * MINUTE, DAY, 3 * DAY]);
  assert.deepEqual([access.maxAttempts, notice.maxAttempts, bulk.maxAttempts], [2, 5, 5]);
  assert.deepEqual([access.fallback, notice.fallback, bulk.fallback], [true, true, false]);
  assert.deepEqual([access.fallbackAfter, notice.fallbackAfter, bulk.fallbackAfter], [90 * SECOND, null, null]);
  assert.deepEqual([access.atEnd, notice.atEnd, bulk.atEnd], ['expired', 'abandoned', 'abandoned']);
  assert.deepEqual([access.alert, notice.alert, bulk.alert], [true, true, false]);
  assert.deepEqual([access.mayHandOverWait, notice.mayHandOverWait, bulk.mayHandOverWait], [false, true, true]);
  assert.equal(policyFor('bulk', { ...SETTINGS, bulkFallback: true }).fallback, true);
});

test('an access mail is not silent for longer than it is useful', () => {
  assert.equal(policy('access').silenceAfter, 15 * MINUTE);
  assert.equal(policy('notice').silenceAfter, 8 * HOUR);
});

test('what is only watched is neither sent nor alerted about', () => {
  const watched = watchOnly(policy());
  assert.deepEqual([watched.watch, watched.fallback, watched.alert], [true, false, false]);
});

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { figuresOf } from '../../../../src/core/figures/figures.ts';
import type { Summary } from '../../../../src/core/figures/summary.ts';
import type { Sum } from '../../../../src/core/figures/sums.ts';
import { timeBucket } from '../../../../src/core/figures/times.ts';
import { SECOND } from '../../../../src/core/time.ts';
import { pictures } from '../../../../src/tell/summary/charts/pictures.ts';

const sum = (what: Sum['what'], value: string, n: number, ms = 0): Sum => ({
  ...{ domain: 'mg.example.com', class: 'notice' },
  ...{ what, value, n, ms },
});

const summary = (sums: Sum[], daily: Summary['daily'] = []): Summary => ({
  ...{ period: { from: 0, to: 1, firstDay: '2026-11-21', lastDay: '2026-11-21', days: 1, timezone: 'UTC' } },
  ...{ generatedAt: 0, groups: [], before: figuresOf([]), week: figuresOf([]), weekShare: 1, places: [] },
  ...{ alertsSent: 0, troubles: [], drill: null, backups: null, lost: null },
  ...{ total: figuresOf(sums), daily },
});

const { cache } = createRequire(import.meta.url);
const hasRenderer = () => Object.keys(cache).some((file) => file.includes('resvg'));

test('what draws is loaded for a picture and not before', async () => {
  assert.deepEqual(await pictures(summary([]), 320), []);
  assert.equal(hasRenderer(), false);
  const [drawn] = await pictures(summary([sum('cause', 'ip_block lost direct', 2)]), 320);
  assert.equal(drawn?.id, 'failures');
  assert.equal(hasRenderer(), true);
});

test('the words beside the pictures hold every figure that is drawn', async () => {
  const took = (seconds: number, n: number) =>
    sum('time', String(timeBucket(seconds * SECOND)), n, n * seconds * SECOND);
  const sums = [
    ...[sum('deliveries', '', 12), sum('state', 'delivered', 10), took(5, 9), took(4000, 1)],
    ...[sum('cause', 'ip_block cured retried', 1), sum('cause', 'ip_block saved retried', 1)],
  ];
  const day = { day: '2026-11-21', firstTry: 9, afterRetry: 1, byFallback: 1, lost: 0, other: 1 };
  const shown = await pictures(summary(sums, [day]), 440);
  assert.deepEqual(
    shown.map((p) => p.alt),
    [
      'Deliveries a day: 21 Nov 12 (1 after a retry, 1 by the fallback, 1 open or cancelled).',
      'Time to delivery of 10 deliveries: half within 5.0 s, 95 of 100 within 1 h 7 min. ≤ 10 s 9; ≤ 30 s 0; ≤ 1 min 0; ' +
        '≤ 5 min 0; ≤ 15 min 0; ≤ 1 h 0; ≤ 4 h 1; ≤ 1 day 0; later 0.',
      'Deliveries that failed at least once, by reason: our IP is blocked 2 (1 arrived later, 1 by the fallback, ' +
        '0 did not arrive, 0 open or cancelled).',
    ],
  );
});

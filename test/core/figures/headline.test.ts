import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { What } from '../../../src/core/figures/counts.ts';
import { figuresOf } from '../../../src/core/figures/figures.ts';
import { sentence } from '../../../src/core/figures/headline.ts';
import type { FailingPlace, Summary } from '../../../src/core/figures/summary.ts';
import type { Sum } from '../../../src/core/figures/sums.ts';

const sum = (what: What, value: string, n: number): Sum => ({ domain: 'd', class: 'notice', what, value, n, ms: 0 });

const day = (states: Record<string, number>, more: Sum[] = []) => {
  const all = Object.values(states).reduce((a, b) => a + b, 0);
  return figuresOf([
    sum('deliveries', '', all),
    ...Object.entries(states).map(([s, n]) => sum('state', s, n)),
    ...more,
  ]);
};

const place = (over: Partial<FailingPlace>): FailingPlace => ({
  recipientDomain: 'outlook.com',
  cause: 'ip_block',
  failed: 9,
  retried: 9,
  cured: 8,
  saved: 0,
  lost: 1,
  example: null,
  retries: [],
  ...over,
});

const summary = (over: Partial<Summary>): Summary => ({
  period: { from: 0, to: 1, firstDay: '2026-11-21', lastDay: '2026-11-21', days: 1, timezone: 'UTC' },
  generatedAt: 0,
  total: day({}),
  groups: [],
  before: day({}),
  week: day({}),
  weekShare: 1 / 7,
  places: [],
  alertsSent: 0,
  troubles: [],
  drill: null,
  backups: null,
  daily: [],
  lost: null,
  ...over,
});

test('what did not arrive, who refused it and what cured it come first', () => {
  const total = day({ delivered: 409, failed: 3 }, [
    sum('cause', 'ip_block cured retried', 8),
    sum('cause', 'ip_block lost retried', 1),
  ]);
  assert.equal(
    sentence(summary({ total, places: [place({})] })),
    '3 of 412 deliveries did not arrive; outlook.com refused 9 for our IP address, 8 were cured by a re-post.',
  );
});

test('a day on which all went well, one on which nothing was sent, and one that is not over are told as such', () => {
  assert.equal(sentence(summary({ total: day({ delivered: 40 }) })), 'All 40 deliveries arrived.');
  assert.equal(sentence(summary({})), 'No mail was asked for.');
  assert.equal(sentence(summary({ before: day({ delivered: 7 }) })), 'No mail was asked for, after 7 before.');
  assert.equal(
    sentence(summary({ total: day({ delivered: 38, accepted: 2 }) })),
    '38 of 40 deliveries arrived and none was lost, 2 are still under way.',
  );
});

test('a share of losses that doubled against the week before is said, one that did not is not', () => {
  const total = day({ delivered: 190, failed: 10 });
  assert.match(
    sentence(summary({ total, week: day({ delivered: 1990, failed: 10 }) })),
    /5\.0 % were lost, against 0\.5 % in the week before/,
  );
  assert.doesNotMatch(sentence(summary({ total, week: day({ delivered: 1900, failed: 100 }) })), /week/);
});

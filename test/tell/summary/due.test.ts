import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { dueSummaries } from '../../../src/tell/summary/due.ts';

const at = (text: string) => Date.parse(text);

test('a daily report is due once a day, also at a time that a change of clocks leaves out or repeats', () => {
  for (const [from, timezone] of [
    ['2027-03-26T12:00:00Z', 'Europe/Zurich'],
    ['2026-10-23T12:00:00Z', 'Europe/Zurich'],
    ['2027-03-12T12:00:00Z', 'America/New_York'],
    ['2026-10-30T12:00:00Z', 'America/New_York'],
    // Half an hour, and at midnight.
    ['2026-10-02T00:00:00Z', 'Australia/Lord_Howe'],
    ['2027-04-02T00:00:00Z', 'Australia/Lord_Howe'],
    ['2026-09-03T16:00:00Z', 'America/Santiago'],
    ['2027-04-02T16:00:00Z', 'America/Santiago'],
  ] as const)
    for (const cron of ['30 2 * * *', '15 2 * * *', '0 0 * * *', '45 1 * * *']) {
      const days: string[] = [];
      // As the daemon asks: every half hour, each time about what fell due since the last time.
      for (let now = at(from); now < at(from) + 4 * DAY; now += 29 * MINUTE) {
        days.push(...dueSummaries(cron, timezone, now - 29 * MINUTE, now).map((d) => d.lastDay));
      }
      const first = at(`${from.slice(0, 10)}T00:00:00Z`);
      assert.deepEqual(
        days,
        [0, 1, 2, 3].map((n) => new Date(first + n * DAY).toISOString().slice(0, 10)),
        `${timezone} ${from}`,
      );
    }
});

test('after a long pause the last seven days are due, oldest first, and a weekly report holds its week', () => {
  const now = at('2026-11-22T08:00:00Z');
  const daily = dueSummaries('0 7 * * *', 'UTC', now - 20 * DAY, now);
  assert.deepEqual(
    daily.map((d) => d.lastDay),
    ['15', '16', '17', '18', '19', '20', '21'].map((d) => `2026-11-${d}`),
  );
  assert.ok(daily.every((d) => d.firstDay === d.lastDay));
  assert.deepEqual(dueSummaries('0 7 * * 1', 'UTC', now - 5 * DAY, now + DAY), [
    { firstDay: '2026-11-16', lastDay: '2026-11-22' },
  ]);
});

test('a report that is due every few seconds is still about yesterday', () => {
  const now = at('2026-11-22T08:00:00Z');
  assert.deepEqual(dueSummaries('*/5 * * * * *', 'UTC', now - 10 * SECOND, now), [
    { firstDay: '2026-11-21', lastDay: '2026-11-21' },
  ]);
  assert.deepEqual(dueSummaries('0 7 * * *', 'UTC', now - HOUR / 2, now), []);
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { quarterOf, type Range } from '../../src/core/figures/cover.ts';
import { figuresOf, groupsOf } from '../../src/core/figures/figures.ts';
import type { Entry } from '../../src/core/figures/sums.ts';
import { CLASSES } from '../../src/core/message-class.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { addPending, type Delta } from '../../src/store/figures/pending.ts';
import { addDays, daysBefore, eachDay, periodOf } from '../../src/tell/summary/days.ts';
import { summaryOf } from '../../src/tell/summary-of.ts';
import { eachStore } from '../support/stores.ts';

const FIRST = Date.UTC(2026, 8, 1);
const DAYS = 75;
const NOW = FIRST + 200 * DAY;
/** With offsets of whole, half and quarter hours; in most of them clocks change within these days. */
const ZONES = [
  ...['UTC', 'Europe/Zurich', 'America/St_Johns', 'Asia/Kathmandu'],
  ...['Pacific/Chatham', 'Australia/Lord_Howe', 'Pacific/Kiritimati'],
];
const VALUES = [
  ...['messages ', 'deliveries ', 'state delivered', 'state failed', 'state queued', 'double possible', 'time 7'],
  ...['outcome first_try', 'outcome retry_2', 'outcome fallback', 'copy unanswered'],
  ...['a', 'b', 'c', 'd', 'e'].map((name) => `failing ${name}.example ip_block`),
].map((name) => [name.slice(0, name.indexOf(' ')), name.slice(name.indexOf(' ') + 1)] as const);

/** About one for each two hours, so that most buckets lack most of the values. */
const entries: Entry[] = fc
  .sample(
    fc.record({
      bucket: fc.nat(DAYS * DAY).map((after) => quarterOf(FIRST + after)),
      domain: fc.constantFrom('mg.example.com', 'mg.example.org'),
      class: fc.constantFrom(...CLASSES),
      value: fc.constantFrom(...VALUES),
      ms: fc.nat(HOUR),
    }),
    { numRuns: 900, seed: 42 },
  )
  .map(({ value: [what, value], ...one }) => ({ ...one, what, value, n: 1 }) as Entry);

const within = ({ from, to }: Range): Entry[] => entries.filter(({ bucket }) => bucket >= from && bucket < to);

async function fill(store: Store): Promise<void> {
  const deltas = entries.map((e): Delta => [0, e.bucket, e.domain, e.class, e.what, e.value, e.n, e.ms]);
  await addPending(store.db, NOW, deltas, []);
}

function failingIn(range: Range, most: number) {
  const places = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.example`);
  const failed = (place: string) => within(range).filter(({ value }) => value.startsWith(`${place} `)).length;
  return places
    .map((place) => ({ place, n: failed(place) }))
    .filter(({ n }) => n > 0)
    .sort((a, b) => b.n - a.n)
    .slice(0, most);
}

function barIn(range: Range) {
  const { firstTry, afterRetry, byFallback, lost, open } = figuresOf(within(range));
  return { firstTry, afterRetry: afterRetry[0]?.n ?? 0, byFallback, lost, other: open };
}

eachStore('every figure of a report is the sum of the quarters of its days, wherever they begin', async ({ store }) => {
  await fill(store);
  const periods = fc.record({
    timezone: fc.constantFrom(...ZONES),
    first: fc.integer({ min: 35, max: 60 }),
    days: fc.constantFrom(1, 2, 7, 12),
  });
  await fc.assert(
    fc.asyncProperty(periods, async ({ timezone, first, days }) => {
      const firstDay = addDays('2026-09-01', first, timezone);
      const period = periodOf(firstDay, addDays(firstDay, days - 1, timezone), timezone, NOW);
      const r = await summaryOf(store, period, { now: NOW, details: 'summary', places: 3 });
      assert.deepEqual(r.total, figuresOf(within(period)));
      assert.deepEqual(r.groups, groupsOf(within(period)));
      assert.deepEqual(r.before, figuresOf(within(daysBefore(period, days))));
      assert.deepEqual(r.week, figuresOf(within(daysBefore(period, 7))));
      assert.deepEqual(
        r.places.map(({ recipientDomain: place, failed: n }) => ({ place, n })),
        failingIn(period, 3),
      );
      assert.deepEqual(
        r.daily,
        eachDay(period, 30).map(({ day, ...range }) => ({ day, ...barIn(range) })),
      );
    }),
    { numRuns: 40 },
  );
});

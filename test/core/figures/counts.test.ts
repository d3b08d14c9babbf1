import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fact } from '../../../src/core/delivery.ts';
import { unprovenCopies } from '../../../src/core/figures/copies.ts';
import { countsOf } from '../../../src/core/figures/counts.ts';
import { cover, QUARTER } from '../../../src/core/figures/cover.ts';
import { recipientDomain } from '../../../src/core/figures/place.ts';
import { TIME_BOUNDS, timeBucket, timesOf } from '../../../src/core/figures/times.ts';
import { fold } from '../../../src/core/fold.ts';
import { restoredFacts } from '../../../src/core/restored.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { maskReply } from '../../../src/core/words/mask.ts';
import { MORNING } from '../../support/clock.ts';
import * as past from '../../support/factory.ts';

const MIDNIGHT = Math.floor(MORNING / DAY) * DAY;

test('a period is covered by few buckets, which add up to each of its quarters once and to nothing else', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(5000), fc.nat(QUARTER - 1), (start, length, late) => {
      const [from, to] = [start * QUARTER, (start + length) * QUARTER];
      const pieces = cover({ from: from + late, to: to + late });
      const times = new Map<number, number>();
      for (const p of pieces) {
        assert.ok(p.from % p.span === 0 && p.to % p.span === 0 && p.to > p.from);
        for (let at = p.from; at < p.to; at += QUARTER) times.set(at, (times.get(at) ?? 0) + p.sign);
      }
      const held = [...times].filter(([, n]) => n !== 0).sort(([a], [b]) => a - b);
      assert.deepEqual(
        held,
        Array.from({ length }, (_, n) => [from + n * QUARTER, 1]),
      );
      const buckets = (span: number) =>
        pieces.filter((p) => p.span === span).reduce((sum, p) => sum + (p.to - p.from) / span, 0);
      assert.ok(pieces.length <= 5 && buckets(HOUR) <= 24 && buckets(QUARTER) <= 4);
    }),
  );
});

test('what lies beyond a period is taken away where that is less than what it holds', () => {
  const day = { from: MIDNIGHT - 2 * HOUR, to: MIDNIGHT + 22 * HOUR };
  assert.deepEqual(cover(day), [
    { span: HOUR, from: day.from, to: MIDNIGHT, sign: 1 },
    { span: DAY, from: MIDNIGHT, to: MIDNIGHT + DAY, sign: 1 },
    { span: HOUR, from: day.to, to: MIDNIGHT + DAY, sign: -1 },
  ]);
  const noon = { from: MIDNIGHT + 11 * HOUR, to: MIDNIGHT + 13 * HOUR };
  assert.deepEqual(cover(noon), [{ span: HOUR, ...noon, sign: 1 }]);
});

test('buckets of times are at most 10 % wide and exact at the limits that reports speak of', () => {
  for (const [i, bound] of TIME_BOUNDS.entries()) {
    const before = TIME_BOUNDS[i - 1];
    assert.ok(before === undefined || (bound > before && bound <= before * 1.101 + 1));
  }
  for (const limit of [10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, DAY]) {
    assert.equal(timeBucket(limit) + 1, timeBucket(limit + 1));
  }
});

test('median and 95th percentile are within 10 % of the truth, and the shares within 1, 5 and 15 minutes exact', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: SECOND, max: 3 * DAY }), { minLength: 1, maxLength: 200 }), (times) => {
      const histogram = new Map<number, { n: number; ms: number }>();
      for (const ms of times) {
        const b = histogram.get(timeBucket(ms)) ?? { n: 0, ms: 0 };
        histogram.set(timeBucket(ms), { n: b.n + 1, ms: b.ms + ms });
      }
      const sorted = [...times].sort((a, b) => a - b);
      const at = (rank: number) => sorted[rank - 1] ?? 0;
      const n = times.length;
      const median = (at(Math.floor((n + 1) / 2)) + at(Math.ceil((n + 1) / 2))) / 2;
      const t = timesOf(histogram);
      assert.ok(Math.abs((t.median ?? 0) - median) <= 0.1 * median + 1);
      const p95 = at(Math.ceil(0.95 * n));
      assert.ok(Math.abs((t.p95 ?? 0) - p95) <= 0.1 * p95 + 1);
      for (const limit of [MINUTE, 5 * MINUTE, 15 * MINUTE])
        assert.equal(t.within(limit), times.filter((ms) => ms <= limit).length);
    }),
  );
});

test('an example reply never holds the recipient, whatever the address and wherever it stands', () => {
  const part = fc.stringMatching(/^[a-z0-9][a-z0-9.+_-]{2,20}$/);
  fc.assert(
    fc.property(part, fc.boolean(), (local, upper) => {
      const name = upper ? local.toUpperCase() : local;
      const reply = `550 <${name}@b.example>: ${name} unknown (${name}=40b.example@srs.example) for ${name}%40b.example`;
      const masked = maskReply(reply, `${local}@b.example`, null).toLowerCase();
      const rest = masked.replaceAll('(address)', '');
      assert.ok(!rest.includes(local.toLowerCase()) || '550 <>:  unknown () for '.includes(local), masked);
    }),
  );
  assert.equal(recipientDomain('no domain here'), '(none)');
});

test('each second copy without proof is counted by why it went out', () => {
  const at = (minute: number) => MORNING + minute * MINUTE;
  const copiesOf = (facts: Fact[]) => unprovenCopies(fold(past.birth(), facts), facts);
  const lost = [past.claimed(1, at(0)), past.unanswered(1, at(1))];
  const double = 'it may be out';
  const elsewhere = past.claimed(2, at(2), { ...past.HOW.fallback, double });
  assert.deepEqual(copiesOf([...lost, elsewhere]), ['unanswered']);
  const refused = [
    ...lost,
    elsewhere,
    past.refused(2, at(3), 'busy'),
    past.claimed(3, at(4), { ...past.HOW.fallback, double }),
  ];
  assert.deepEqual(copiesOf(refused), ['unanswered', 'unanswered']);
  const silent = [
    ...past.sent(),
    past.failed(at(1)),
    past.claimed(2, at(2), past.HOW.repost),
    past.unanswered(2, at(3)),
  ];
  assert.deepEqual(copiesOf([...silent, past.claimed(3, at(40), { ...past.HOW.repost, double })]), [
    'repost_unanswered',
  ]);
  const secondary = [past.claimed(1, at(0), past.HOW.fallback), past.unanswered(1, at(1))];
  assert.deepEqual(copiesOf([...secondary, elsewhere]), ['secondary_unanswered']);
  assert.deepEqual(copiesOf([...past.sent(), past.reopened(1, at(1), 1, 1), { ...elsewhere }]), ['by_operator']);
  const failed = [...past.sent(), past.failed(at(1))];
  const [note] = restoredFacts(
    { facts: failed, delivery: fold(past.birth(), failed), birth: past.birth() },
    null,
    at(9),
  );
  assert.ok(note?.kind === 'noted');
  const restored = past.claimed(2, at(10), { ...past.HOW.repost, double: note.what });
  assert.deepEqual(copiesOf([...failed, note, restored]), ['restored']);
  assert.deepEqual(copiesOf([...failed, past.claimed(2, at(2), past.HOW.repost)]), []);
});

test('mail that a secondary took and another one after it is two copies, unless the first was returned', () => {
  const at = (minute: number) => MORNING + minute * MINUTE;
  const other = { ...past.HOW.fallback, provider: 'other.example:25' };
  const facts = [
    past.claimed(1, at(0), past.HOW.fallback),
    past.accepted(1, at(0), null, false),
    past.claimed(2, at(9), other),
    past.accepted(2, at(9), null, false),
  ];
  const { provider } = past.HOW.fallback;
  const returned = past.failed(at(8), 'retry', { provider, of: 1, messageId: null });
  const doubles = (told: Fact[]) =>
    countsOf({
      ...{ recipient: 'ann@example.net', domain: 'mg.example.com', class: 'notice', createdAt: MORNING },
      ...{ facts: told, delivery: fold(past.birth(), told), first: true },
    }).filter(({ what }) => what === 'double');
  assert.deepEqual(
    doubles(facts).map(({ value }) => value),
    ['certain'],
  );
  assert.deepEqual(doubles([...facts, returned]), []);
});

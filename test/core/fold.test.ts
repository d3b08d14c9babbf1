import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Birth, Fact, FactOf } from '../../src/core/delivery.ts';
import { isEnded } from '../../src/core/delivery.ts';
import { fold, sentEarly } from '../../src/core/fold.ts';
import type { Report } from '../../src/core/sighting.ts';
import { HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { at, MORNING } from '../support/clock.ts';
import * as past from '../support/factory.ts';
import { histories } from '../support/histories.ts';

const BORN = past.birth();
const OWN = 'm1@mg.example.com';
const NEW = 'm2@mg.example.com';

/** Attempt 1 failed, and so attempt 2 was made. */
const retried = (failedAt: Ms, claimedAt: Ms): Fact[] => [
  ...past.sent(),
  past.failed(failedAt),
  past.claimed(2, claimedAt, { since: failedAt }),
];

const outcomes = (facts: readonly Fact[], born: Birth = BORN) => fold(born, facts).attempts.map((a) => a.outcome);

test('any order and repetition of the facts gives the same delivery', () => {
  const told = histories.chain((h) =>
    fc.record({
      h: fc.constant(h),
      order: fc.shuffledSubarray(h.facts, { minLength: h.facts.length }),
      again: fc.subarray(h.facts),
      where: fc.nat(100),
    }),
  );
  fc.assert(
    fc.property(told, ({ h, order, again, where }) => {
      const cut = where % (order.length + 1);
      const mixed = [...order.slice(0, cut), ...again, ...order.slice(cut)];
      assert.deepEqual(fold(h.birth, mixed), fold(h.birth, h.facts));
    }),
    { numRuns: 2000 },
  );
});

test('facts that come late change nothing once all are there', () => {
  const late = histories.chain((h) => fc.record({ h: fc.constant(h), missing: fc.subarray(h.facts) }));
  fc.assert(
    fc.property(late, ({ h, missing }) => {
      const early = h.facts.filter((f) => !missing.includes(f));
      assert.deepEqual(fold(h.birth, [...early, ...missing]), fold(h.birth, h.facts));
    }),
    { numRuns: 1000 },
  );
});

test('somebody must look at a delivery again exactly while it has not ended', () => {
  const any = histories.chain((h) => fc.record({ birth: fc.constant(h.birth), facts: fc.subarray(h.facts) }));
  fc.assert(
    fc.property(any, ({ birth: born, facts }) => {
      const d = fold(born, facts);
      assert.equal(d.nextAt === null, isEnded(d.state), `${d.state} with nextAt ${d.nextAt}`);
      assert.ok(d.nextAt === null || Number.isFinite(d.nextAt));
    }),
    { numRuns: 2000 },
  );
});

const ARRIVALS: Report[] = ['delivered', 'complained', 'unsubscribed'];

test('proof of arrival wins, whichever attempt it is about and whenever it comes', () => {
  const proof = histories.chain((h) =>
    fc.record({
      h: fc.constant(h),
      report: fc.constantFrom(...ARRIVALS),
      when: fc.integer({ min: -60, max: 5000 }),
      messageId: fc.constantFrom(OWN, NEW, 'never-seen@mg.example.com', null),
    }),
  );
  fc.assert(
    fc.property(proof, ({ h, report, when, messageId }) => {
      const d = fold(h.birth, [...h.facts, past.reported(report, at(when), { key: 'proof', messageId })]);
      assert.equal(d.state, 'delivered');
      assert.equal(d.nextAt, null);
    }),
    { numRuns: 1000 },
  );
});

for (const seen of ['opened', 'clicked'] as const) {
  test(`that a mail was ${seen} proves its arrival as long as no failure of that attempt is told`, () => {
    const facts = [...past.sent(), past.reported(seen, at(1))];
    assert.deepEqual([fold(BORN, facts).state, fold(BORN, facts).arrivedOn], ['delivered', [1]]);
    const refused = [...facts, past.failed(at(2))];
    assert.deepEqual([fold(BORN, refused).state, fold(BORN, refused).arrivedOn], ['queued', []]);
    assert.equal(fold(BORN, [...refused, past.reported('delivered', at(0))]).state, 'delivered');
  });
}

for (const state of ['failed', 'abandoned', 'expired', 'cancelled'] as const) {
  test(`proof of arrival wins over an end as ${state}`, () => {
    const facts = [...past.sent(), past.ended(1, at(10), state, 'useful_life_over')];
    assert.equal(fold(BORN, facts).state, state);
    assert.equal(fold(BORN, [...facts, past.reported('delivered', at(5))]).state, 'delivered');
  });
}

test('nothing is due for a delivery that a secondary took, and a later proof still counts', () => {
  const facts = [
    ...past.sent(),
    past.failed(at(1)),
    past.claimed(2, at(2), { how: 'fallback', since: at(1) }),
    past.accepted(2, at(2), null, false),
  ];
  const d = fold(BORN, facts);
  assert.deepEqual([d.state, d.nextAt, d.provider], ['relayed', null, past.HOW.fallback.provider]);
  assert.deepEqual([d.tries, d.fallbackTries], [1, 1]);
  const later = fold(BORN, [...facts, past.reported('delivered', at(9))]);
  assert.deepEqual([later.state, later.arrivedOn], ['delivered', [1]]);
});

/** A fallback through a server that tells only of what comes back, and what it told. */
function returned(...told: FactOf<'reported'>[]) {
  const way = { provider: past.HOW.fallback.provider, of: 2 };
  return fold(BORN, [
    ...past.sent(),
    past.failed(at(1)),
    past.claimed(2, at(2), { how: 'fallback', since: at(1) }),
    { ...past.accepted(2, at(2), null, false), returns: true },
    ...told.map((fact) => ({ ...fact, ...way })),
  ]);
}

test('mail that a secondary returns has failed, and mail that it is late with stays where it is', () => {
  assert.deepEqual([returned().state, returned().reason], ['relayed', 'nothing_returned']);
  const failed = returned(past.failed(at(9), 'stop'));
  assert.deepEqual([failed.state, failed.reason, failed.nextAt], ['failed', 'recipient_unknown', null]);
  const worthIt = returned(past.failed(at(9), 'retry'));
  assert.deepEqual([worthIt.state, worthIt.nextAt], ['queued', at(2)]);
  const late = returned(past.reported('deferred', at(9), { verdict: past.verdict('greylisted') }));
  assert.deepEqual([late.state, late.reason, late.nextAt], ['relayed', 'greylisted', null]);
  assert.equal(returned(past.reported('accepted', at(9))).state, 'relayed');
  assert.equal(returned(past.reported('deferred', at(9)), past.reported('delivered', at(10))).state, 'delivered');
});

test('what comes back of a hand-over without an answer shows that it was taken', () => {
  const facts = [
    ...past.sent(),
    past.failed(at(1)),
    past.claimed(2, at(2), { how: 'fallback', since: at(1) }),
    past.unanswered(2, at(3)),
  ];
  const about = { provider: past.HOW.fallback.provider, of: 2, messageId: null };
  assert.equal(fold(BORN, facts).state, 'unconfirmed');
  assert.equal(fold(BORN, [...facts, past.reported('deferred', at(9), about)]).state, 'relayed');
});

test('a report that names its attempt is about that one, whenever it comes', () => {
  const { provider } = past.HOW.fallback;
  const facts = [1, 2, 3].flatMap((n) => [
    past.claimed(n, at(10 * n), { how: 'fallback' }),
    past.accepted(n, at(10 * n), null, false),
  ]);
  const reportsOf = (of: number) =>
    fold(BORN, [...facts, past.failed(at(90), 'stop', { provider, of, messageId: null })]).attempts.map(
      ({ reports }) => reports.length,
    );
  assert.deepEqual(reportsOf(1), [1, 0, 0]);
  assert.deepEqual(reportsOf(3), [0, 0, 1]);
  assert.deepEqual(reportsOf(7), [0, 0, 1], 'one that names none of ours is like any other');
});

test('a failure of attempt 1 that arrives after attempt 2 was accepted changes nothing', () => {
  const skewed = fc.record({
    skew: fc.integer({ min: -10, max: 10 }),
    newId: fc.constantFrom(OWN, NEW),
    before: fc.integer({ min: 0, max: 50 }),
  });
  fc.assert(
    fc.property(skewed, ({ skew, newId, before }) => {
      const failedAt = at(60 + skew);
      const facts = [...retried(failedAt, at(61)), past.accepted(2, at(61), newId)];
      const late = past.failed(failedAt - before * SECOND, 'stop', { key: 'reported:late' });
      const d = fold(BORN, [...facts, late]);
      assert.equal(d.state, 'accepted');
      assert.equal(d.nextAt, fold(BORN, facts).nextAt);
      assert.equal(d.attempts[1]?.reports.length, 0);
    }),
  );
});

test('a failure of a silent attempt 1 that arrives after attempt 2 was accepted changes nothing', () => {
  const facts = [...past.sent(), past.claimed(2, at(500), { double: 'silent' }), past.accepted(2, at(500), OWN)];
  const d = fold(BORN, [...facts, past.failed(at(400), 'stop')]);
  assert.deepEqual([d.state, d.attempts[0]?.outcome, d.attempts[1]?.outcome], ['accepted', 'failed', 'accepted']);
});

test('a bounce that comes back after delivery is kept and shown, and the delivery stays delivered', () => {
  const back = past.failed(at(20), 'stop', { bounce: past.bounce({ delayed: true }) });
  const d = fold(BORN, [...past.sent(), past.reported('delivered', at(1)), back]);
  assert.equal(d.state, 'delivered');
  assert.deepEqual(
    d.attempts[0]?.reports.map((r) => r.report),
    ['delivered', 'failed'],
  );
  assert.equal(d.attempts[0]?.failure?.key, back.key);
});

test('a temporary failure belongs to the provider, and what it says next counts', () => {
  const deferred = past.reported('deferred', at(1));
  const d = fold(BORN, [...past.sent(), deferred]);
  assert.deepEqual([d.state, d.nextAt], ['deferred', at(1) + 8 * HOUR]);
  assert.equal(fold(BORN, [...past.sent(), deferred, past.failed(at(30))]).state, 'queued');
  assert.equal(fold(BORN, [...past.sent(), deferred, past.reported('delivered', at(30))]).state, 'delivered');
});

test('a deferral that arrives after the failure changes nothing', () => {
  const facts = [...past.sent(), past.failed(at(30))];
  const d = fold(BORN, [...facts, past.reported('deferred', at(1))]);
  assert.deepEqual([d.state, d.nextAt], [fold(BORN, facts).state, fold(BORN, facts).nextAt]);
});

test('a failure that calls for nothing more ends the delivery, with its cause', () => {
  const d = fold(BORN, [...past.sent(), past.failed(at(1), 'stop')]);
  assert.deepEqual([d.state, d.reason, d.nextAt], ['failed', 'recipient_unknown', null]);
});

test('a failure worth a retry is due at once by our clock, however far ahead the provider is', () => {
  const d = fold(BORN, [...past.sent(), past.failed(at(300))]);
  assert.deepEqual([d.state, d.reason, d.nextAt], ['queued', 'ip_block', MORNING]);
});

test('a report of the re-post goes to the re-post when it kept the message id', () => {
  const facts = [...retried(at(1), at(2)), past.accepted(2, at(2), OWN)];
  assert.deepEqual(outcomes(facts), ['failed', 'accepted']);
  assert.deepEqual(outcomes([...facts, past.failed(at(7))]), ['failed', 'failed']);
  assert.deepEqual(fold(BORN, [...facts, past.reported('delivered', at(7))]).arrivedOn, [2]);
});

test('a report goes to the attempt whose id it bears when the re-post changed it, whatever the clocks say', () => {
  const facts = [...retried(at(1), at(2)), past.accepted(2, at(2), NEW)];
  assert.deepEqual(fold(BORN, [...facts, past.reported('delivered', at(-30), { messageId: NEW })]).arrivedOn, [2]);
  assert.deepEqual(fold(BORN, [...facts, past.reported('delivered', at(90), { messageId: OWN })]).arrivedOn, [1]);
});

test('a report goes to the latest attempt begun before it when the answer to the re-post is missing', () => {
  const facts = [...retried(at(1), at(2)), past.unanswered(2, at(3))];
  assert.deepEqual(outcomes(facts), ['failed', 'unconfirmed']);
  assert.deepEqual(outcomes([...facts, past.reported('accepted', at(2))]), ['failed', 'accepted']);
  assert.deepEqual(outcomes([...facts, past.failed(at(8), 'retry', { messageId: NEW })]), ['failed', 'failed']);
  assert.deepEqual(fold(BORN, [...facts, past.reported('delivered', at(8), { messageId: NEW })]).arrivedOn, [2]);
});

test('with the id kept, a provider whose clock is behind is understood by the failure that led to the re-post', () => {
  const behind = 5 * MINUTE;
  const failedAt = at(60) - behind;
  const facts = [...retried(failedAt, at(60)), past.accepted(2, at(60), OWN)];
  assert.deepEqual(outcomes([...facts, past.failed(at(64) - behind)]), ['failed', 'failed']);
});

test('a hand-over that was refused bears no reports: they belong to the one that was taken', () => {
  const behind = 5 * MINUTE;
  const failedAt = at(60) - behind;
  const facts = [
    ...retried(failedAt, at(60)),
    past.refused(2, at(60), 'busy'),
    past.claimed(3, at(62)),
    past.accepted(3, at(62), OWN),
  ];
  const all = [...facts, past.failed(at(63) - behind)];
  assert.deepEqual(outcomes(all), ['failed', 'refused', 'failed']);
  assert.equal(fold(BORN, all).state, 'queued');
});

test('a hand-over that the provider never saw, by its own final records, bears no reports', () => {
  const behind = 5 * MINUTE;
  const facts = [
    past.claimed(1, at(0), { how: 'send' }),
    past.unanswered(1, at(1)),
    past.asked(1, at(32), 'unconfirmed', { known: false }),
    past.claimed(2, at(32), { how: 'mime' }),
    past.accepted(2, at(32), OWN),
  ];
  assert.deepEqual(outcomes([...facts, past.failed(at(33) - behind)]), ['unconfirmed', 'failed']);
  const without = [facts[0], facts[1], facts[2]].filter((f) => f !== undefined);
  assert.deepEqual(outcomes([...without, past.failed(at(40))]), ['failed'], 'unless there is no other');
});

test('an answer that comes after all is stronger than the refusal that was assumed', () => {
  const facts = [past.claimed(1, at(0), { how: 'send' }), past.refused(1, at(1), 'busy'), past.accepted(1, at(1))];
  assert.equal(fold(BORN, facts).state, 'accepted');
});

test('refusals for want of room or rights use up no try', () => {
  for (const why of ['busy', 'account', 'gone'] as const) {
    assert.equal(
      fold(BORN, [...past.sent(), past.failed(at(1)), past.claimed(2, at(2)), past.refused(2, at(2), why)]).tries,
      1,
      why,
    );
  }
  assert.equal(
    fold(BORN, [...past.sent(), past.failed(at(1)), past.claimed(2, at(2)), past.refused(2, at(2), 'invalid')]).tries,
    2,
  );
});

test('a hold is good only while the attempt stands as it did', () => {
  const wait = past.held(1, at(2), 'failed', at(60));
  assert.equal(fold(BORN, [...past.sent(), past.failed(at(1)), wait]).nextAt, at(60));
  assert.equal(fold(BORN, [...past.sent(), past.reported('deferred', at(1)), wait]).nextAt, at(1) + 8 * HOUR);
});

test('a hand-over in flight is due when its lease ends', () => {
  const d = fold(BORN, [past.claimed(1, at(0), { leaseUntil: at(3) })]);
  assert.deepEqual([d.state, d.nextAt], ['sending', at(3)]);
});

test('a re-post with a delivery time is silent only after that time', () => {
  const facts = [
    ...past.sent(),
    past.failed(at(1)),
    past.claimed(2, at(2), { deliverAt: at(65) }),
    past.accepted(2, at(2), NEW),
  ];
  assert.equal(fold(BORN, facts).nextAt, at(65) + 8 * HOUR);
});

test('an end is good until the next reopening, and a reopening for one more attempt', () => {
  const facts = [...past.sent(), past.failed(at(1)), past.ended(1, at(2), 'abandoned', 'storage_gone')];
  assert.equal(fold(BORN, facts).state, 'abandoned');
  const open = [...facts, past.reopened(1, at(100), 1, 1)];
  const d = fold(BORN, open);
  assert.deepEqual([d.state, d.nextAt, d.budget, d.round], ['queued', at(100), 6, 1]);
  assert.equal(d.usefulUntil, at(100) + BORN.policy.usefulLife);
  const tried = fold(BORN, [...open, past.claimed(2, at(101)), past.accepted(2, at(101), NEW)]);
  assert.deepEqual([tried.state, tried.reopened], ['accepted', null]);
  assert.equal(fold(BORN, [...open, past.ended(1, at(102), 'cancelled', 'superseded', 1)]).state, 'cancelled');
});

test('a reopened delivery is due at once, whatever wait was on before', () => {
  const facts = [
    ...past.sent(),
    past.failed(at(1)),
    past.held(1, at(2), 'failed', at(65)),
    past.ended(1, at(3), 'cancelled', 'superseded'),
  ];
  const open = [...facts, past.reopened(1, at(10), 1, 1)];
  assert.equal(fold(BORN, open).nextAt, at(10));
  assert.equal(
    fold(BORN, [...open, past.held(1, at(11), 'failed', at(12))]).nextAt,
    at(12),
    'a wait since then counts',
  );
});

test('stored copies are listed as they were heard of, each once', () => {
  const other = { url: 'https://storage.mailgun.net/v3/domains/mg.example.com/messages/key2', key: 'key2' };
  const facts = [
    ...past.sent(),
    past.failed(at(3), 'retry', { storage: other }),
    past.reported('deferred', at(5), { storage: other }),
  ];
  assert.deepEqual(
    fold(BORN, [...facts, past.failed(at(1))]).storages.map((s) => s.key),
    ['key1', 'key2'],
  );
});

test('attempts that both arrived are told apart, as a double', () => {
  const facts = [
    ...past.sent(),
    past.claimed(2, at(500), { double: 'silent' }),
    past.accepted(2, at(500), NEW),
    past.reported('delivered', at(400)),
    past.reported('delivered', at(501), { messageId: NEW }),
  ];
  assert.deepEqual(fold(BORN, facts).arrivedOn, [1, 2]);
});

const early = (deliverAt: Ms | null, report: Fact) => {
  const facts = [
    ...past.sent(),
    past.failed(at(1)),
    past.claimed(2, at(2), { since: at(1), deliverAt }),
    past.accepted(2, at(2), NEW),
  ];
  const attempt = fold(BORN, [...facts, report]).attempts[1];
  assert.ok(attempt);
  return sentEarly(attempt) !== null;
};

test('a re-post that is reported on well before its delivery time was sent early', () => {
  const out = (when: Ms, report: Report = 'delivered') => past.reported(report, when, { messageId: NEW });
  assert.equal(early(at(66), out(at(3))), true);
  assert.equal(early(at(66), past.failed(at(3), 'retry', { messageId: NEW })), true);
  assert.equal(early(at(66), out(at(66))), false);
  assert.equal(early(at(66), out(at(60))), false, 'a tenth of the wait is left to the clocks');
  assert.equal(early(at(66), out(at(3), 'accepted')), false, 'to be accepted is not to be sent');
  assert.equal(early(null, out(at(3))), false);
  assert.equal(early(at(2) + 4 * SECOND, out(at(2) + 3 * SECOND)), false, 'delivery times have whole seconds');
  assert.equal(early(at(2) + 4 * SECOND, out(at(2) + 2 * SECOND)), true);
});

test('silence and useful life begin when the application asked for it to be delivered', () => {
  const born = { ...BORN, deliverAt: at(20 * 60) };
  const d = fold(born, past.sent());
  assert.equal(d.nextAt, born.deliverAt + born.policy.silenceAfter);
  assert.equal(d.usefulUntil, born.deliverAt + born.policy.usefulLife);
});

test('nothing is looked at later than at the end of its useful life', () => {
  const late = past.reported('accepted', at(23 * 60));
  assert.equal(fold(BORN, [...past.sent(), late]).nextAt, MORNING + BORN.policy.usefulLife);
});

test('a delivery that was told of a hundred thousand times is folded in no time that anybody notices', () => {
  const told = Array.from({ length: 100_000 }, (_, n) => past.reported('deferred', at(1) + n, { key: `r${n}` }));
  assert.equal(fold(BORN, [...past.sent(), ...told]).attempts[0]?.reports.length, 100_000);
});

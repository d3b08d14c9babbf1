import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fact } from '../../src/core/delivery.ts';
import { fold } from '../../src/core/fold.ts';
import { type Change, nextHealth, type Standing } from '../../src/core/health.ts';
import { putOffAtOnce, putOffsIn, type ReceiverCount, receiversWithin, toldBy } from '../../src/core/receivers.ts';
import { heardAfter } from '../../src/core/signs.ts';
import { MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import type { Cause } from '../../src/core/verdict.ts';
import { putOffWords } from '../../src/core/words/receivers.ts';
import { at, MORNING } from '../support/clock.ts';
import { birth, claimed, failed, reported, sent, verdict } from '../support/factory.ts';
import { RULES } from '../support/outage-rules.ts';

const told = (before: readonly Fact[], ...more: Fact[]) =>
  toldBy(fold(birth(), [...before]), fold(birth(), [...before, ...more]));
const deferred = (n: number, cause: Cause) => reported('deferred', at(n), { verdict: verdict(cause, 'retry_later') });

test('an attempt that is put off tells so once, whether it fails for good afterwards or is put off again', () => {
  const first = deferred(1, 'rate_limited');
  assert.deepEqual(told(sent(), first), { provider: 'mailgun', what: 'putOff' });
  assert.equal(told([...sent(), first], deferred(2, 'rate_limited')), null);
  assert.equal(told([...sent(), first], failed(at(2))), null);
  assert.deepEqual(told([...sent(), failed(at(2)), claimed(2, at(3))], failed(at(4), 'retry', { key: 'b' })), {
    ...{ provider: 'mailgun', what: 'putOff' },
  });
  assert.deepEqual(told([...sent(), first], reported('delivered', at(3))), { provider: 'mailgun', what: 'arrived' });
  assert.equal(told([...sent(), reported('delivered', at(3))], reported('opened', at(4))), null);
});

test('what is about one address or one mail, and a server that puts off all that is new, tell nothing', () => {
  for (const cause of ['mailbox_full', 'recipient_unknown', 'greylisted', 'message_too_big', 'spam_content'] as const)
    assert.equal(told(sent(), deferred(1, cause)), null, cause);
  assert.equal(told(sent(), failed(at(1), 'stop')), null);
});

const count = (receiver: string, putOff: number, arrived = 0, kind: ReceiverCount['class'] = 'notice') => ({
  ...{ receiver, class: kind, putOff, arrived },
});
const names = (...counts: ReceiverCount[]) => putOffsIn(counts).map(({ name }) => name);

test('a receiver that puts off two of three mails, and ten at least, is named with how many', () => {
  const [gmail] = putOffsIn([count('gmail.com', 30, 1), count('gmail.com', 10, 1, 'bulk'), count('b.example', 9)]);
  assert.ok(gmail);
  assert.equal(putOffWords(gmail, MINUTE), 'gmail.com put off 40 of 42 mails within 15 min');
  assert.deepEqual(names(count('a.example', 20, 11)), []);
});

test('a class that several receivers put off is named, too', () => {
  const bulk = [count('a.example', 8, 0, 'bulk'), count('b.example', 8, 4, 'bulk')];
  assert.deepEqual(names(...bulk, count('c.example', 4, 0, 'bulk'), count('c.example', 0, 90)), ['bulk']);
  assert.deepEqual(names(...bulk, count('b.example', 8, 0, 'bulk')), ['b.example'], 'of two receivers');
});

test('three receivers at once with half of all mail speak against the provider', () => {
  const three = [count('a.example', 5), count('b.example', 7, 3), count('c.example', 9)];
  assert.deepEqual(putOffAtOnce(three), { receivers: 3, putOff: 21, heard: 24, worst: 'c.example' });
  assert.equal(putOffAtOnce(three.slice(1)), null);
  assert.equal(putOffAtOnce([...three, count('d.example', 1, 20)]), null, 'most mail arrives elsewhere');
  assert.equal(putOffAtOnce([...three.slice(1), count('a.example', 4)]), null);
});

type Fault = 'puts off' | 'is silent' | 'refuses';
type Play = { fault: Fault; receivers: number; perMinute: number; part: number; seed: number };

/** A provider that is well, and one receiver that is not, for an hour; says how the provider's health changed. */
function play({ fault, receivers, perMinute, part, seed }: Play) {
  const window = MINUTE;
  const step = 10 * SECOND;
  let random = seed;
  const chance = () => {
    random = (random * 48_271) % 2_147_483_647;
    return random / 2_147_483_647;
  };
  type Mail = { at: Ms; receiver: string; heard: boolean; what: 'arrived' | 'putOff' | null };
  const mails: Mail[] = [];
  let standing: Standing = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 };
  const changes: Change[] = [];
  let isSeen = false;
  for (let now = MORNING; now < MORNING + 60 * MINUTE; now += step) {
    for (let due = (perMinute * step) / MINUTE; due > 0; due--) {
      if (chance() > due) continue;
      const isBad = chance() < part;
      const receiver = isBad ? 'bad.example' : `r${Math.floor(chance() * receivers)}.example`;
      // A mail in twenty is put off by a receiver that is well.
      const what = isBad ? (fault === 'is silent' ? null : 'putOff') : chance() < 0.05 ? 'putOff' : 'arrived';
      mails.push({ at: now, receiver, heard: what !== null, what });
    }
    const since = (length: Ms) => mails.filter((mail) => mail.at > now - length);
    const settled = mails.filter(
      ({ at }) => at <= now - heardAfter(RULES.silence) && at > now - heardAfter(RULES.silence) - window,
    );
    const unheard = settled.filter(({ heard }) => !heard);
    const counts = since(receiversWithin(window)).flatMap(({ receiver, what }) =>
      what ? [count(receiver, what === 'putOff' ? 1 : 0, what === 'arrived' ? 1 : 0)] : [],
    );
    const signs = {
      ...{ taken: since(window).length, failed: 0, barred: 0, unreached: 0, slowness: { timed: 0, slow: 0, limit: 0 } },
      ...{ accepted: settled.length, unheard: unheard.length, putOff: putOffAtOnce(counts) },
      receivers: new Set(unheard.map(({ receiver }) => receiver)).size,
    };
    isSeen ||= putOffsIn(counts).some(({ name }) => name === 'bad.example');
    const world = { ...RULES, now, elsewhere: 'well', switches: 0, hints: [] } as const;
    const change = nextHealth(standing, signs, world);
    if (!change) continue;
    changes.push(change);
    standing = { ...standing, state: change.state, since: now, wellSince: now };
  }
  return {
    changes: changes.map(({ state }) => state),
    isSeen,
    toBad: mails.filter((m) => m.receiver === 'bad.example').length,
  };
}

test('in a hundred runs with one receiver that is out of order its provider is never suspected, and the receiver is seen', () => {
  const plays: fc.Arbitrary<Play> = fc.record({
    fault: fc.constantFrom<Fault>('puts off', 'is silent', 'refuses'),
    receivers: fc.integer({ min: 1, max: 8 }),
    perMinute: fc.integer({ min: 1, max: 60 }),
    part: fc.double({ min: 0.05, max: 1, noNaN: true }),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  });
  fc.assert(
    fc.property(plays, (given) => {
      const { changes, isSeen, toBad } = play(given);
      assert.deepEqual(changes, []);
      if (given.fault !== 'is silent' && toBad >= 100) assert.ok(isSeen, `${toBad} mails`);
    }),
    { numRuns: 100 },
  );
});

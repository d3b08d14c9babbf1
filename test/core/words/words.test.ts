import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../../src/core/delivery.ts';
import { STATES } from '../../../src/core/delivery.ts';
import { fold } from '../../../src/core/fold.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { lengthWords, timeWords } from '../../../src/core/words/numbers.ts';
import { attemptWords, factWords, standingWords } from '../../../src/core/words/words.ts';
import { MORNING } from '../../support/clock.ts';
import {
  accepted,
  asked,
  birth,
  bounce,
  claimed,
  ended,
  failed,
  held,
  refused,
  reopened,
  reported,
  sent,
  unanswered,
} from '../../support/factory.ts';

const at = (minutes: number) => MORNING + minutes * MINUTE;
const standing = (...facts: Fact[]) => standingWords(fold(birth(), facts));

const STANDINGS: Record<(typeof STATES)[number], Fact[]> = {
  queued: [...sent(), failed(at(1))],
  sending: [claimed(1, at(0))],
  unconfirmed: [claimed(1, at(0)), unanswered(1, at(1))],
  accepted: sent(),
  deferred: [...sent(), reported('deferred', at(1))],
  delivered: [...sent(), reported('delivered', at(1))],
  relayed: [...sent(), failed(at(1)), claimed(2, at(2), { how: 'fallback' }), accepted(2, at(2), null, false)],
  failed: [...sent(), failed(at(1), 'stop')],
  abandoned: [...sent(), ended(1, at(2), 'abandoned', 'storage_gone')],
  expired: [...sent(), ended(1, at(2), 'expired', 'useful_life_over')],
  cancelled: [...sent(), ended(1, at(2), 'cancelled', 'superseded')],
};

for (const state of STATES) {
  test(`where a delivery that is ${state} stands is one whole sentence`, () => {
    const d = fold(birth(), STANDINGS[state]);
    assert.equal(d.state, state);
    const words = standingWords(d);
    assert.match(words, /^[A-Z].*[^.]\.$/);
    assert.doesNotMatch(words, /undefined|null|NaN|_|Invalid|attempt 0| {2}/);
  });
}

test('a message that was never sent waits, or was given up without an attempt', () => {
  assert.equal(standing(), 'It waits to be sent, due 2026-11-25 09:00:00 UTC.');
  assert.equal(
    standing(ended(0, at(1), 'abandoned', 'nothing_to_send')),
    'It was given up: no copy of the message is kept that could be sent.',
  );
});

test('a bounce that came back after delivery is told', () => {
  const delivered = [...sent(), reported('delivered', at(1))];
  assert.equal(standing(...delivered), "The recipient's server accepted it.");
  const words = "The recipient's server accepted it; a bounce came back afterwards.";
  assert.equal(standing(...delivered, failed(at(9), 'stop', { bounce: bounce({ delayed: true }) })), words);
  assert.equal(standing(...delivered, failed(at(9), 'stop')), words);
});

test('a double is told', () => {
  const twice = [...sent(), claimed(2, at(500)), accepted(2, at(500), 'm2'), reported('delivered', at(400))];
  const words = standing(...twice, reported('delivered', at(501), { messageId: 'm2' }));
  assert.equal(words, "The recipient's server accepted it, more than once (attempts 1, 2).");
});

const FACTS: Fact[] = [
  claimed(2, at(2), { deliverAt: at(6), double: 'silence' }),
  accepted(1, at(0)),
  refused(2, at(2), 'busy'),
  unanswered(2, at(3)),
  failed(at(1)),
  reported('opened', at(1), { foundBy: 'poll' }),
  asked(1, at(2), 'failed'),
  asked(1, at(2), 'failed', { problem: 'time-out' }),
  held(1, at(2), 'failed', at(6), 'ip_block'),
  { key: 'noted:1:1', at: at(1), kind: 'noted', attempt: 1, what: 'taken off the bounce list' },
  ended(1, at(9), 'abandoned', 'storage_gone'),
  reopened(1, at(10), 1, 1),
];

for (const fact of FACTS) {
  test(`a fact of the kind ${fact.kind} has words: ${factWords(fact).slice(0, 40)}`, () => {
    const words = factWords(fact);
    assert.match(words, /^[A-Z]/);
    assert.doesNotMatch(words, /undefined|null|NaN|Invalid/);
  });
}

test('a wait says what it is for', () => {
  const words = 'Wait until 2026-11-25 09:06:00 UTC: the receiving server blocks the sending IP address.';
  assert.equal(factWords(held(1, at(2), 'failed', at(6), 'ip_block')), words);
});

test('a long reply of a server is cut', () => {
  assert.ok(factWords(failed(at(1), 'retry', { bounce: bounce({ message: 'x'.repeat(5000) }) })).length < 600);
});

test('an attempt is told in one line', () => {
  const [attempt] = fold(birth(), [...sent(), failed(at(1))]).attempts;
  assert.ok(attempt);
  const words = '2026-11-25 09:00:00 UTC  attempt 1, sent by the application through Mailgun: ';
  assert.equal(attemptWords(attempt), `${words}the receiving server blocks the sending IP address`);
});

test('times and lengths are read at a glance', () => {
  assert.equal(timeWords(MORNING), '2026-11-25 09:00:00 UTC');
  const lengths = [250, 30 * SECOND, 4 * MINUTE, 256 * MINUTE, 2 * HOUR, DAY, DAY + 5 * HOUR];
  assert.deepEqual(lengths.map(lengthWords), ['250 ms', '30 s', '4 min', '4 h 16 min', '2 h', '1 d', '1 d 5 h']);
});

test('a length just below the next unit is not 60 of the smaller', () => {
  assert.equal(lengthWords(MINUTE - 1), '1 min');
  assert.equal(lengthWords(HOUR - 1), '1 h');
  assert.equal(lengthWords(2 * HOUR - 1), '2 h');
  assert.equal(lengthWords(DAY - 1), '1 d');
  assert.equal(lengthWords(2 * DAY - 1), '2 d');
});

test('a failure tells by which rule and words it was judged, and what follows', () => {
  const words = factWords(failed(at(1), 'stop', { suppress: 'recipient_unknown' }));
  const judged = 'there is no such mailbox; give_up_suppress, by rule made-up ("blocked"), so it is not sent again';
  assert.ok(words.includes(`(${judged} and the address is suppressed)`), words);
});

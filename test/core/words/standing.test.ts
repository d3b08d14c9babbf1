import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fact, STATES } from '../../../src/core/delivery.ts';
import { fold } from '../../../src/core/fold.ts';
import { REASONS } from '../../../src/core/reason.ts';
import { standingWords } from '../../../src/core/words/standing.ts';
import { at } from '../../support/clock.ts';
import {
  accepted,
  asked,
  birth,
  bounce,
  claimed,
  ended,
  failed,
  reported,
  sent,
  unanswered,
} from '../../support/factory.ts';
import { gradeOf, sentencesOf } from '../../support/grade.ts';

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
  test(`where a delivery that is ${state} stands is told in whole sentences`, () => {
    const d = fold(birth(), STANDINGS[state]);
    assert.equal(d.state, state);
    const words = standingWords(d);
    assert.match(words, /^[A-Z].*[^.]\.$/);
    assert.doesNotMatch(words, /undefined|null|NaN|_|Invalid|attempt 0| {2}/);
  });
}

test('a message that was never sent waits, or was given up without an attempt', () => {
  assert.equal(standing(), 'It waits to be sent. Homing takes the next step at 2026-11-25 09:00:00 UTC.');
  assert.equal(
    standing(ended(0, at(1), 'abandoned', 'nothing_to_send')),
    'It was given up: no copy of the message is kept that could be sent. An operator can have it tried again.',
  );
});

test('a bounce that came back after delivery is told', () => {
  const delivered = [...sent(), reported('delivered', at(1))];
  assert.equal(standing(...delivered), "The recipient's server took it. Homing does nothing more.");
  const words = "The recipient's server took it; a bounce came back afterwards. Homing does nothing more.";
  assert.equal(standing(...delivered, failed(at(9), 'stop', { bounce: bounce({ delayed: true }) })), words);
  assert.equal(standing(...delivered, failed(at(9), 'stop')), words);
});

test('what waits for the bounce list says so', () => {
  const listed = [...sent(), failed(at(1), 'retry', { bounce: bounce({ bounceType: 'hard' }) })];
  const unasked = asked(1, at(2), 'failed', { problem: 'time-out' });
  const words =
    "Attempt 1 did not arrive: the receiving server blocks the sending IP address. Homing waits until the provider says that the address is off its bounce list. It can't be asked just now.";
  assert.equal(standing(...listed, unasked), words);
  assert.doesNotMatch(standing(...listed), /bounce list/);
  assert.doesNotMatch(standing(...listed, unasked, asked(1, at(3), 'failed', { listed: 'removed' })), /bounce list/);
});

test('a double is told', () => {
  const twice = [...sent(), claimed(2, at(500)), accepted(2, at(500), 'm2'), reported('delivered', at(400))];
  const words = standing(...twice, reported('delivered', at(501), { messageId: 'm2' }));
  assert.equal(words, "The recipient's server took it, more than once (attempts 1, 2). Homing does nothing more.");
});

test('what the person said who cancelled it is told in place of our words', () => {
  const by = ended(1, at(2), 'cancelled', 'by_application');
  assert.equal(standing(...sent(), by), 'It was cancelled: by the application. Homing sends no more of it.');
  const words = 'It was cancelled: the user has reset it. Homing sends no more of it.';
  assert.equal(standing(...sent(), { ...by, said: 'the user has reset it' }), words);
});

/** Mail that was handed to the provider for a later time, or never sent, or sent through a secondary. */
const HISTORIES: Fact[][] = [
  [],
  sent(),
  [claimed(1, at(0), { deliverAt: at(60) }), accepted(1, at(0))],
  STANDINGS.relayed,
  [
    ...sent(),
    failed(at(1), 'retry', { bounce: bounce({ bounceType: 'hard' }) }),
    asked(1, at(2), 'failed', { problem: 'x' }),
  ],
];

test('in every state, for every reason, each sentence is read with eight years of school', () => {
  const hard = new Set<string>();
  for (const state of STATES)
    for (const reason of [...REASONS, null])
      for (const facts of HISTORIES)
        for (const sentence of sentencesOf(standingWords({ ...fold(birth(), facts), state, reason })))
          if (gradeOf(sentence) > 8) hard.add(`${gradeOf(sentence).toFixed(1)} ${sentence}`);
  assert.deepEqual([...hard], []);
});

test('the level is that of the words: long ones and long sentences are found', () => {
  assert.ok(gradeOf('Authentication configuration verification necessitates administrator intervention.') > 20);
  assert.ok(gradeOf('The mail is on its way. It comes soon.') < 2);
  assert.equal(gradeOf('Try homing retry 01KB2X7Q9T4M3N5P6R8S0V1W2Y now.'), gradeOf('Try this now.'));
});

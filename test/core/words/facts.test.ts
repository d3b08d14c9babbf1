import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../../src/core/delivery.ts';
import { fold } from '../../../src/core/fold.ts';
import { attemptWords, factWords } from '../../../src/core/words/facts.ts';
import { wayWords } from '../../../src/core/words/ways.ts';
import { at } from '../../support/clock.ts';
import * as past from '../../support/factory.ts';

const FACTS: Fact[] = [
  past.claimed(2, at(2), { deliverAt: at(6), double: 'silence' }),
  past.accepted(1, at(0)),
  past.refused(2, at(2), 'busy'),
  past.unanswered(2, at(3)),
  past.failed(at(1)),
  past.reported('opened', at(1), { foundBy: 'poll' }),
  past.asked(1, at(2), 'failed'),
  past.asked(1, at(2), 'failed', { problem: 'time-out' }),
  past.held(1, at(2), 'failed', at(6), 'ip_block'),
  { ...past.held(1, at(2), 'failed', at(6), 'unknown'), detail: 'the provider could not be asked: time-out' },
  { key: 'noted:1:1', at: at(1), kind: 'noted', attempt: 1, what: 'taken off the bounce list' },
  past.ended(1, at(9), 'abandoned', 'storage_gone'),
  { ...past.ended(1, at(9), 'cancelled', 'by_operator'), said: 'by ann' },
  past.reopened(1, at(10), 1, 1),
];

for (const fact of FACTS) {
  test(`a fact of the kind ${fact.kind} has words: ${factWords(fact).slice(0, 40)}`, () => {
    const words = factWords(fact);
    assert.match(words, /^[A-Z]/);
    assert.doesNotMatch(words, /undefined|null|NaN|Invalid/);
  });
}

test('a wait says what it is for, and what stood in the way', () => {
  const until = 'Wait until 2026-11-25 09:06:00 UTC:';
  const wait = past.held(1, at(2), 'failed', at(6), 'ip_block');
  assert.equal(factWords(wait), `${until} the receiving server blocks the sending IP address.`);
  const ofBefore = { ...wait, why: 'unknown' as const, detail: 'the provider could not be asked: time-out' };
  assert.equal(factWords(ofBefore), `${until} the provider could not be asked: time-out.`);
});

test('a question that the provider of the attempt could not be asked does not say that it knows nothing', () => {
  const asked = past.asked(1, at(2), 'unconfirmed', { known: false, byOthers: true });
  assert.equal(factWords(asked), 'The provider of this attempt has no records that could be asked.');
});

test('every way to send has words of its own', () => {
  const words = Object.values(past.HOW).map((how) => wayWords(past.claimed(1, at(0), how)));
  for (const one of words) assert.match(one, /^(?:sent|re-posted) [^_]+[^._]$/);
  assert.equal(new Set(words).size, words.length);
});

test('a long reply of a server is cut', () => {
  assert.ok(
    factWords(past.failed(at(1), 'retry', { bounce: past.bounce({ message: 'x'.repeat(5000) }) })).length < 600,
  );
});

test('an attempt is told in one line', () => {
  const [attempt] = fold(past.birth(), [...past.sent(), past.failed(at(1))]).attempts;
  assert.ok(attempt);
  const words = '2026-11-25 09:00:00 UTC  attempt 1, sent by the application through Mailgun: ';
  assert.equal(attemptWords(attempt), `${words}the receiving server blocks the sending IP address`);
});

test('a failure tells by which rule and words it was judged, and what follows', () => {
  const words = factWords(past.failed(at(1), 'stop', { suppress: 'recipient_unknown' }));
  const judged = 'there is no such mailbox; give_up_suppress, by rule made-up ("blocked"), so it is not sent again';
  assert.ok(words.includes(`(${judged} and the address is suppressed)`), words);
});

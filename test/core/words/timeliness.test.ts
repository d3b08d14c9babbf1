import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, type MessageClass } from '../../../src/core/message-class.ts';
import { HOUR, MINUTE, type Ms } from '../../../src/core/time.ts';
import type { Shown } from '../../../src/core/timeliness.ts';
import { classSentence, overallSentence } from '../../../src/core/words/timeliness.ts';
import { gradeOf, sentencesOf } from '../../support/grade.ts';

const STATES = ['on_time', 'quiet', 'delayed', 'backup', 'down'] as const;

const shown = (state: Shown['state'], delay: Ms | null = null): Shown => ({ state, since: null, delay });
const all = (over: Partial<Record<MessageClass, Shown>> = {}) => ({
  ...{ access: shown('on_time'), notice: shown('on_time'), bulk: shown('on_time') },
  ...over,
});

test('every class in every state has a sentence that an eighth grader reads, and no two are the same', () => {
  const sentences = CLASSES.flatMap((name) => STATES.map((state) => classSentence(name, shown(state, 9 * MINUTE))));
  assert.equal(new Set(sentences).size, CLASSES.length * STATES.length);
  for (const sentence of sentences.flatMap(sentencesOf))
    assert.ok(gradeOf(sentence) <= 8, `${gradeOf(sentence)}: ${sentence}`);
});

test('the whole names the kinds of mail that are affected, and the others not', () => {
  assert.equal(overallSentence(all()), 'Emails are on time.');
  assert.equal(overallSentence(all({ bulk: shown('quiet') })), 'Emails are on time.');
  const one = overallSentence(all({ access: shown('delayed', 10 * MINUTE) }));
  assert.equal(one, 'Reset emails are delayed right now. New requests may take up to 10 minutes.');
  const two = overallSentence(all({ access: shown('backup'), bulk: shown('down') }));
  assert.match(two, /^Reset emails go out by our backup route .* Newsletters and other emails are not going out/);
  assert.doesNotMatch(two, /Receipts/);
});

test('when all are affected alike it is said once, with the longest delay', () => {
  const access = shown('delayed', 2 * MINUTE);
  const sentence = overallSentence({ access, notice: shown('delayed', 3 * HOUR), bulk: access });
  assert.equal(sentence, 'Emails are delayed right now. New requests may take up to 3 hours.');
  for (const state of STATES) {
    const same = shown(state, MINUTE);
    assert.match(overallSentence({ access: same, notice: same, bulk: same }), /^Emails /);
  }
});

test('a delay is told as a length that it does not exceed', () => {
  const told = (delay: Ms) => /up to (.*)\.$/.exec(classSentence('access', shown('delayed', delay)))?.[1];
  assert.equal(told(MINUTE + 1), '2 minutes');
  assert.equal(told(10 * MINUTE), '10 minutes');
  assert.equal(told(10 * MINUTE + 1), '15 minutes');
  assert.equal(told(50 * MINUTE), '1 hour');
  assert.equal(told(HOUR + 1), '2 hours');
});

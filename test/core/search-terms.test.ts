import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factTerms, messageTerms, standingTerms, wordsIn } from '../../src/core/search-terms.ts';
import { tagsKept, tagsToKeep } from '../../src/core/tags.ts';
import { MORNING } from '../support/clock.ts';
import { claimed, failed, HOW } from '../support/factory.ts';

test('words are compared without case, accents and width, in any script', () => {
  assert.deepEqual(wordsIn('Ihr PASSWORT, Herr Müller-Lüdenscheidt!'), [
    'ihr',
    'passwort',
    'herr',
    'muller',
    'ludenscheidt',
  ]);
  assert.deepEqual(wordsIn('ＲＥＳＥＴ ﬁnal'), ['reset', 'final']);
  assert.deepEqual(wordsIn('Сброс пароля'), ['сброс', 'пароля']);
  assert.ok(wordsIn('パスワードのリセット').length > 1, 'also where no blanks stand between words');
});

test('an address in a subject is no word', () => {
  assert.deepEqual(wordsIn('Welcome anna.smith@example.com to us (bob@example.net)'), ['welcome', 'to', 'us']);
});

test('however long a subject is, few and short words are kept of it', () => {
  const many = wordsIn(Array.from({ length: 500 }, (_, n) => `word${n}`).join(' '));
  assert.equal(many.length, 30);
  assert.deepEqual(
    wordsIn('x'.repeat(10_000)).map((word) => word.length),
    [40],
  );
  assert.deepEqual(wordsIn('\u202e\u0000\u001b[31m<b>'), ['31m', 'b']);
});

test('a code in the subject of a mail that lets somebody in is no term, in others it is', () => {
  const of = (kind: 'access' | 'notice') =>
    messageTerms({ subject: '481516 is your code, order A1', tags: null, class: kind });
  assert.deepEqual(of('access'), ['w:is', 'w:your', 'w:code', 'w:order']);
  assert.ok(of('notice').includes('w:481516'));
});

test('tags are kept as they are, a bounded number of them, and compared without case', () => {
  assert.equal(tagsToKeep([]), null);
  assert.equal(tagsToKeep([' ', 'x'.repeat(200)]), null);
  const stored = tagsToKeep(['Reset', 'Reset', 'a "tag"']);
  assert.deepEqual(tagsKept(stored), ['Reset', 'a "tag"']);
  assert.deepEqual(messageTerms({ subject: null, tags: stored, class: 'notice' }), ['t:reset', 't:a "tag"']);
  assert.equal(tagsKept(tagsToKeep(Array.from({ length: 50 }, (_, n) => `t${n}`))).length, 20);
});

test('a delivery has the causes and the secondaries that it ever had', () => {
  assert.deepEqual(factTerms(failed(MORNING)), ['c:ip_block']);
  assert.deepEqual(factTerms(claimed(1, MORNING)), []);
  assert.deepEqual(factTerms(claimed(2, MORNING, HOW.fallback)), ['p:smtp.example:25']);
  assert.deepEqual(standingTerms({ reason: 'mailbox_full', provider: 'mailgun' }), ['c:mailbox_full']);
  assert.deepEqual(standingTerms({ reason: 'Anna asked me to', provider: null }), [], 'what a person said is no cause');
});

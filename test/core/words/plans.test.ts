import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAN_WORDS, planWords } from '../../../src/core/words/plans.ts';

test('each plan says what becomes of the mail, in words of its own', () => {
  const words = Object.values(PLAN_WORDS);
  for (const one of words) assert.match(`it is ${one}`, /^it is (?:not )?sent [a-z ]+$/);
  assert.equal(new Set(words).size, words.length);
});

test('what has no plan is left to the provider', () => {
  assert.equal(planWords(null), 'left to the provider');
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { classify } from '../../src/classifier/classify.ts';
import { refusalOf, wordsOf } from '../../src/classifier/engine/pattern.ts';
import { readReply } from '../../src/classifier/engine/reply.ts';
import type { Example } from '../../src/classifier/engine/rule.ts';
import { BEFORE_OWN, RULES } from '../../src/classifier/rules/index.ts';

const rules = [...BEFORE_OWN, ...RULES];
const inputOf = (example: Example) => (typeof example === 'string' ? { message: example } : example);

test('every rule decides its own example', () => {
  const strayed = rules.flatMap(({ name, example }) => {
    const decided = classify(inputOf(example)).evidence.rule;
    return decided === name ? [] : [`${name}: "${JSON.stringify(example)}" was decided by ${decided}`];
  });
  assert.deepEqual(strayed, []);
});

test('every rule has a name of its own, a source and an example', () => {
  assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
  for (const rule of rules) assert.ok(rule.source !== '' && rule.example !== '', rule.name);
});

test('every rule asks for something', () => {
  for (const rule of rules) assert.ok(rule.pattern ?? rule.codes ?? rule.enhanced ?? rule.reasons, rule.name);
});

test('no pattern has a shape that hostile text could make slow', () => {
  const refused = rules.flatMap(({ name, pattern, unless }) =>
    [pattern ?? [], unless ?? []].flat().flatMap((one) => {
      const refusal = refusalOf(one);
      return refusal === null ? [] : [`${name}: ${refusal}: ${one}`];
    }),
  );
  assert.deepEqual(refused, []);
});

test('every pattern asks for a word, so that most replies never run it', () => {
  const wordless = rules.flatMap(({ name, pattern }) =>
    [pattern ?? []].flat().flatMap((one) => (wordsOf(one) === null ? [`${name}: ${one}`] : [])),
  );
  assert.deepEqual(wordless, []);
});

test('a pattern matches only texts that hold one of its words', () => {
  const lost = rules.flatMap(({ name, pattern, example }) => {
    const { text } = readReply(inputOf(example));
    return [pattern ?? []].flat().flatMap((one) => {
      const matches = new RegExp(one).test(text);
      const words = wordsOf(one) ?? [];
      return matches && !words.some((word) => text.includes(word)) ? [`${name}: ${one}`] : [];
    });
  });
  assert.deepEqual(lost, []);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { classify } from '../../src/classifier/classify.ts';
import { refusalOf, wordsOf } from '../../src/classifier/engine/pattern.ts';
import { cut, readReply } from '../../src/classifier/engine/reply.ts';
import { wordFinder } from '../../src/classifier/engine/words.ts';
import { BEFORE_OWN, RULES } from '../../src/classifier/rules/index.ts';

const MEGABYTE = 1_000_000;
const filled = (seed: string): string => seed.repeat(Math.ceil(MEGABYTE / seed.length));

/** Generous for a busy machine; a catastrophic pattern takes seconds, or for ever. */
const PATIENCE_MS = 50;

/** The best of three when the first was slow: a pause of the machine must not fail the test, and a slow pattern is slow each time. */
function fastest(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 3 && best >= PATIENCE_MS; tries++) {
    const from = performance.now();
    run();
    best = Math.min(best, performance.now() - from);
  }
  return best;
}

const SEEDS = [
  'a',
  ' ',
  '@',
  'a@',
  '.',
  '1.',
  '1.1.1.1 ',
  '<',
  '550-5.1.1 ',
  '5.1.1 ',
  'a- ',
  '\\n',
  '\r\n',
  ':',
  'f:',
  '[',
  '(',
  'é',
  '\u0301',
  'said: ',
  'said:\n\n',
  '=E4',
  '=?utf-8?q?a?= ',
  '=?utf-8?b?',
  '\\344',
  '\\u00e4',
  '&#228;',
  '&auml;',
  'Ã¤',
  '\u200b',
  'QUJD',
];

test('1 MB of hostile text is judged in time', () => {
  classify({ message: 'warm' });
  for (const seed of SEEDS) {
    const message = filled(seed);
    const took = fastest(() => classify({ message, description: message.slice(1) }));
    assert.ok(took < PATIENCE_MS, `"${seed}" took ${took.toFixed(0)} ms`);
  }
});

test('each rule is quick on 1 MB of its own example, and of a near miss of it', () => {
  for (const { name, example } of [...BEFORE_OWN, ...RULES]) {
    const text = typeof example === 'string' ? example : (example.message ?? 'zzz');
    for (const message of [filled(`${text} `), filled(text.slice(0, -3) || 'z')]) {
      const took = fastest(() => classify({ message }));
      assert.ok(took < PATIENCE_MS, `${name} took ${took.toFixed(0)} ms`);
    }
  }
});

test('each pattern is quick on the longest text it can meet, made of its own words', () => {
  for (const { name, pattern, unless } of [...BEFORE_OWN, ...RULES]) {
    for (const one of [pattern ?? [], unless ?? []].flat()) {
      const words = wordsOf(one) ?? [];
      const regExp = new RegExp(one);
      for (const seed of [words.join(' '), words[0] ?? '']) {
        const { text } = readReply({ message: `${seed} `.repeat(5_000 / (seed.length + 1)) });
        const took = fastest(() => regExp.test(text));
        assert.ok(took < PATIENCE_MS, `${name} took ${took.toFixed(0)} ms over "${seed.slice(0, 60)}": ${one}`);
      }
    }
  }
});

test('the head and the tail of a long text are kept', () => {
  const filler = ' qqq'.repeat(300_000);
  assert.equal(classify({ message: `550 No such user here.${filler}` }).cause, 'recipient_unknown');
  assert.equal(classify({ message: `550 ${filler} The mailbox is full` }).cause, 'mailbox_full');
  assert.ok(cut('x'.repeat(MEGABYTE)).length <= 4_097);
  assert.equal(cut('x'.repeat(4_096)).length, 4_096);
});

test('catastrophic shapes are refused, each with a reason', () => {
  const shapes = [
    '(a+)+b',
    '(a*)*',
    '(a|a)*',
    '.*.*x',
    'a+',
    '.*',
    '(?:a|ab){0,30}c',
    '(.{0,80}x){0,5}',
    '.{0,150}.{0,150}',
    'a?'.repeat(20) + 'a'.repeat(20),
  ];
  for (const shape of shapes) assert.notEqual(refusalOf(shape), null, shape);
  for (const broken of ['(', ')', '[', 'a{2', '*a', '\\1', '(?<n>a)', '(?<=a)b'])
    assert.notEqual(refusalOf(broken), null, broken);
});

test('harmless shapes are allowed', () => {
  for (const shape of [
    'no such user',
    'user .{0,40}unknown',
    '(?:a|b) (?:c|d)',
    String.raw`\bip\b`,
    'colou?r',
    '[sz]',
    String.raw`(?:\S{1,12} ){0,3}x`,
  ]) {
    assert.equal(refusalOf(shape), null, shape);
  }
});

test('the words of a pattern are those of which a text must hold one', () => {
  assert.deepEqual(wordsOf('no such (?:user|box)'), ['no such user', 'no such box']);
  assert.deepEqual(wordsOf('.{0,20}unknown'), ['unknown']);
  assert.deepEqual(wordsOf('reali[sz]e'), ['realise', 'realize']);
  assert.equal(wordsOf('.{0,9}'), null);
  assert.equal(wordsOf('(?:one|.)'), null);
});

test('the finder marks every owner of every word that is there, overlapping ones too', () => {
  const finder = wordFinder([
    ['usher', 0],
    ['she', 1],
    ['he', 2],
    ['hers', 40],
    ['his', 3],
  ]);
  const bits = new Uint32Array(2);
  finder.mark('ushers', bits);
  assert.deepEqual([...bits], [0b111, 1 << 8]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClassRule, classRuleFor, PRESETS, type Traits } from '../../src/core/classes.ts';

const mail = (over: Partial<Traits>): Traits => ({ tags: [], template: null, subject: null, sender: null, ...over });
const fits = (rule: Omit<ClassRule, 'class'>, over: Partial<Traits>) =>
  classRuleFor([{ class: 'access', ...rule }], mail(over)) !== null;

test('a pattern is for the whole text, a star stands for anything, and case does not matter', () => {
  for (const [pattern, text, isLike] of [
    ['reset', 'RESET', true],
    ['reset', 'reset-mail', false],
    ['reset*', 'reset', true],
    ['*reset', 'my reset', true],
    ['*reset*', 'a Reset b', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a*a', 'a', false],
    ['*', '', true],
    ['a.c', 'abc', false],
  ] as const)
    assert.equal(fits({ subject: pattern }, { subject: text }), isLike, `${pattern} and ${text}`);
  const long = 'a'.repeat(100_000);
  assert.equal(fits({ subject: '*a*a*a*a*a*a*a*a*b' }, { subject: long }), false);
});

test('all that a rule names has to fit, one tag of several is enough, and the first rule counts', () => {
  assert.equal(fits({ tag: 'x', sender: '*@a.test' }, { tags: ['y', 'x'], sender: 'me@a.test' }), true);
  assert.equal(fits({ tag: 'x', sender: '*@a.test' }, { tags: ['x'], sender: 'me@b.test' }), false);
  assert.equal(fits({ template: 'x' }, {}), false, 'what is not there fits no pattern');
  const rules: ClassRule[] = [
    { class: 'bulk', tag: 'x' },
    { class: 'access', subject: '*' },
  ];
  assert.equal(classRuleFor(rules, mail({ tags: ['x'], subject: 's' }))?.class, 'bulk');
});

test('presets know the mail of their kind', () => {
  for (const [preset, subject] of [
    ['reset', 'Reset your password'],
    ['reset', 'Your password reset link'],
    ['magic-link', 'Your magic link for Example'],
    ['otp', '123456 is your verification code'],
    ['invite', 'Ann invited you to Example'],
    ['receipt', 'Your receipt from Example'],
    ['billing', 'Invoice 17'],
    ['security', 'Security alert: new sign-in'],
    ['digest', 'Your weekly digest'],
    ['newsletter', 'The Example newsletter'],
  ] as const)
    assert.ok(classRuleFor(PRESETS[preset], mail({ subject })), `${preset}: ${subject}`);
  assert.equal(classRuleFor(Object.values(PRESETS).flat(), mail({ subject: 'Hello' })), null);
});

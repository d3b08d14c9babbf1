import assert from 'node:assert/strict';
import test from 'node:test';
import { classify } from '../../src/classifier/classify.ts';
import { parseRules } from '../../src/classifier/own-rules.ts';

const parsed = (...rules: unknown[]) => parseRules(JSON.stringify(rules));

test('an own rule stands before ours, and the first that holds decides', () => {
  const { rules, problems } = parsed(
    { name: 'partner', match: 'no such user', domain: 'partner.test', decision: 'retry_later' },
    { name: 'all', match: '/no such (user|box)/i', cause: 'policy_block' },
  );
  assert.deepEqual(problems, []);
  const on = (recipientDomain: string) => classify({ message: '550 No such USER', recipientDomain }, rules);
  assert.equal(on('mx.partner.test').evidence.rule, 'partner');
  assert.equal(on('mx.partner.test').decision, 'retry_later');
  assert.equal(on('other.test').evidence.rule, 'all');
  assert.equal(on('other.test').decision, 'switch_provider');
  assert.equal(classify({ message: '550 No such USER' }).evidence.rule, 'opens-with-unknown-recipient');
});

test("Mailgun's suppressions stand before an own rule", () => {
  const { rules } = parsed({ name: 'all', match: 'bounced', decision: 'retry_new_ip' });
  assert.equal(classify({ code: 605, message: 'bounced before' }, rules).cause, 'suppressed');
});

test('an own rule does not take a temporary failure from the provider', () => {
  const { rules } = parsed({ name: 'all', match: 'busy', decision: 'give_up_suppress' });
  assert.equal(classify({ code: 451, message: 'busy' }, rules).decision, 'retry_later');
});

test('code and enhanced code narrow a rule', () => {
  const { rules, problems } = parsed({
    name: 'narrow',
    match: 'zzz',
    code: [550, 554],
    enhanced: 'x.7.*',
    cause: 'ip_block',
  });
  assert.deepEqual(problems, []);
  assert.equal(classify({ code: 554, enhancedCode: '5.7.1', message: 'zzz' }, rules).cause, 'ip_block');
  assert.equal(classify({ code: 553, enhancedCode: '5.7.1', message: 'zzz' }, rules).evidence.rule, 'code-policy');
  assert.equal(classify({ code: 550, enhancedCode: '5.6.1', message: 'zzz' }, rules).cause, 'message_format');
});

test('plain words are taken literally', () => {
  const { rules } = parsed({ name: 'plain', match: 'Error (17.3)*', cause: 'loop' });
  assert.equal(classify({ message: '550 error (17.3)* again' }, rules).cause, 'loop');
  assert.equal(classify({ message: '550 error 17x3' }, rules).cause, 'undetermined');
});

test('all problems are reported at once, each with the rule it is in, and the other rules work', () => {
  const { rules, count, problems } = parsed(
    { match: 'x1', cause: 'loop' },
    { name: 'slow', match: '/(a+)+$/', cause: 'loop' },
    { name: 'good', match: 'zzz', cause: 'loop' },
    {
      name: 'good',
      match: 'yyy',
      cause: 'nonsense',
      decision: 'retry_now',
      code: 'abc',
      enhanced: '7',
      domain: 'a b',
      colour: 1,
    },
    'text',
    { name: 'empty', match: '' },
  );
  assert.equal(count, 1);
  assert.equal(classify({ message: '550 zzz' }, rules).evidence.rule, 'good');
  assert.deepEqual(
    problems.map(({ index, name }) => [index, name]),
    [[0, null], [1, 'slow'], ...Array.from({ length: 7 }, () => [3, 'good']), [4, null], [5, 'empty'], [5, 'empty']],
  );
  assert.match(problems.find(({ name }) => name === 'slow')?.problem ?? '', /unsafe.*bound/);
});

test('a file that is not a JSON array is one problem, and no rules', () => {
  for (const text of ['', '{', '{}', '"x"', 'null']) {
    const { problems, rules, count } = parseRules(text);
    assert.equal(problems.length, 1, text);
    assert.equal(problems[0]?.index, null);
    assert.equal(count, 0);
    assert.equal(classify({ message: '550 No such user' }, rules).cause, 'recipient_unknown');
  }
});

test('a slow pattern is refused with the way out', () => {
  const { problems } = parsed({ name: 'wide', match: '/mailbox.*full/i', cause: 'mailbox_full' });
  assert.match(problems[0]?.problem ?? '', /\.\{0,80\}/);
});

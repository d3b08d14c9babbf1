import assert from 'node:assert/strict';
import test from 'node:test';
import { classifyLine } from '../../src/classifier/line.ts';
import { parseRules } from '../../src/classifier/own-rules.ts';

const answer = (line: string): unknown => JSON.parse(classifyLine(line));
const named = (line: string): unknown => (answer(line) as { cause: unknown }).cause;

test('a plain line is a reply', () => {
  assert.deepEqual(answer('550 5.1.1 <kim@mail.test>: User unknown'), {
    cause: 'recipient_unknown',
    decision: 'give_up_suppress',
    confidence: 0.9,
    evidence: { rule: 'opens-with-unknown-recipient', words: '<a>: user unknown' },
  });
});

test('a JSON line gives its fields, and its id is echoed whatever it is', () => {
  for (const id of ['a1', 7, null, { deep: true }]) {
    const line = JSON.stringify({
      id,
      code: 550,
      enhanced: '5.7.1',
      message: 'blocked using zen.spamhaus.org',
      more: [1],
    });
    assert.deepEqual((answer(line) as { id: unknown }).id, id);
    assert.equal(named(line), 'ip_block');
  }
  assert.ok(!('id' in (answer('{"code":550}') as object)));
});

test('either name of the enhanced code is read', () => {
  for (const field of ['enhanced', 'enhancedCode', 'enhanced-code']) {
    assert.equal(named(JSON.stringify({ code: 550, [field]: '5.2.2', message: 'Zzz' })), 'mailbox_full');
  }
});

test('a malformed JSON line is plain text', () => {
  assert.equal(named('{"code":550, No such user here'), 'recipient_unknown');
  assert.equal(named('{} mailbox is full'), 'mailbox_full');
});

test('fields of the wrong kind are as good as absent', () => {
  assert.equal(named('{"code":{"a":1},"enhanced":5,"message":["User unknown"]}'), 'undetermined');
  assert.equal(named('{"code":"550","message":"User unknown"}'), 'recipient_unknown');
});

test('an empty line is undetermined, so that order and count hold', () => {
  for (const line of ['', '   ', '{}', '\t']) assert.equal(named(line), 'undetermined', JSON.stringify(line));
});

test('the answer is one line, whatever came in', () => {
  for (const line of [
    '550 a\u2028b',
    '{"id":"a\\nb","message":"x\\ny"}',
    '\u0000',
    '[1,2]',
    '"x"',
    '{"__proto__":{"code":550}}',
  ]) {
    assert.ok(!/[\r\n]/.test(classifyLine(line)));
  }
});

test('own rules apply', () => {
  const { rules } = parseRules('[{"name":"mine","match":"zzz","cause":"loop"}]');
  assert.equal(JSON.parse(classifyLine('550 zzz', rules)).cause, 'loop');
});

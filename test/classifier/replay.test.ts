import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBy } from '../../src/classifier/judge.ts';
import { parseRules } from '../../src/classifier/own-rules.ts';
import { compare, emptyComparison, type RuleSet, rulingOn } from '../../src/classifier/replay.ts';
import { bounce, sighting } from '../support/factory.ts';

const CODES = [{ from: 500, to: 554 }];
const BUILT_IN: RuleSet = { judge: judgeBy(undefined), rules: { codes: CODES, decisions: 'classifier' } };
const BY_CODE: RuleSet = { ...BUILT_IN, rules: { codes: CODES, decisions: 'codes' } };

const failure = (message: string, code = 550) =>
  sighting({ report: 'failed', bounce: bounce({ code, enhancedCode: null, message }) });

test('an event is ruled on as it would be when it comes in', () => {
  const ruling = rulingOn(failure('5.1.1 No such user here'), BUILT_IN);
  assert.deepEqual(
    [ruling?.decision, ruling?.plan, ruling?.suppress],
    ['give_up_suppress', 'stop', 'recipient_unknown'],
  );
});

test('deliveries and temporary failures are counted, and nothing follows from them', () => {
  const comparison = emptyComparison();
  assert.equal(compare(comparison, sighting({ report: 'delivered' }), BUILT_IN, BY_CODE), null);
  assert.equal(
    compare(comparison, sighting({ report: 'deferred', bounce: bounce({ code: 451 }) }), BUILT_IN, BY_CODE),
    null,
  );
  assert.deepEqual([comparison.events, comparison.failures, comparison.changed], [2, 0, 0]);
});

test('a change of the plan alone is a change: the verdict stays and what is done does not', () => {
  const comparison = emptyComparison();
  const change = compare(comparison, failure('Message rejected due to DMARC policy'), BUILT_IN, BY_CODE);
  assert.deepEqual([change?.from.plan, change?.to.plan], ['stop', 'retry']);
  const dead = compare(comparison, failure('5.1.1 No such user here'), BUILT_IN, BY_CODE);
  assert.deepEqual([dead?.from.suppress, dead?.to.suppress, dead?.to.plan], ['recipient_unknown', null, 'stop']);
  assert.deepEqual(comparison.effects.retried, { before: 0, after: 1, newly: 1, noLonger: 0 });
  assert.deepEqual(comparison.effects.suppressed, { before: 1, after: 0, newly: 0, noLonger: 1 });
  assert.deepEqual(comparison.effects.to_mend, { before: 1, after: 0, newly: 0, noLonger: 1 });
});

test('own rules are tried as they would work, for a domain too', () => {
  const { rules } = parseRules(
    JSON.stringify([{ name: 'ours', match: 'gruezi', domain: 'example.net', decision: 'switch_provider' }]),
  );
  const comparison = emptyComparison();
  const change = compare(comparison, failure('Gruezi'), BUILT_IN, { ...BUILT_IN, judge: judgeBy(rules) });
  assert.deepEqual([change?.to.rule, change?.to.plan], ['ours', 'switch']);
  assert.deepEqual(comparison.moves, { 'give_up_no_suppress → switch_provider': 1 });
});

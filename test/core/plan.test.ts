import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Plan, planFor, type RetryRules } from '../../src/core/plan.ts';
import { CAUSES, type Cause, DECISIONS, type Decision } from '../../src/core/verdict.ts';
import { bounce, verdict } from '../support/factory.ts';

const RULES: RetryRules = { codes: [{ from: 500, to: 554 }], decisions: 'classifier' };
const BY_CODE: RetryRules = { ...RULES, decisions: 'codes' };

const WANTED: Record<Decision, Plan> = {
  retry_new_ip: 'retry',
  retry_later: 'wait',
  switch_provider: 'switch',
  fix_sender: 'stop',
  give_up_suppress: 'stop',
  give_up_no_suppress: 'stop',
};

for (const decision of DECISIONS) {
  test(`a failure judged ${decision} calls for ${WANTED[decision]}`, () => {
    assert.equal(planFor(bounce(), verdict('policy_block', decision), RULES), WANTED[decision]);
  });
}

test('a code outside RETRY_CODES is not retried, whatever the classifier says', () => {
  for (const code of [555, 599]) assert.equal(planFor(bounce({ code }), verdict(), RULES), 'stop', `${code}`);
  for (const code of [500, 550, 554]) assert.equal(planFor(bounce({ code }), verdict(), RULES), 'retry', `${code}`);
});

test('RETRY_CODES limit neither what was never refused for good, nor codes of Mailgun, nor a failure without one', () => {
  for (const code of [421, 451, 498, 499, 602, 607, 680, null])
    assert.equal(planFor(bounce({ code }), verdict(), RULES), 'retry', `${code}`);
});

test('what is suppressed is never retried', () => {
  for (const rules of [RULES, BY_CODE])
    for (const decision of DECISIONS) assert.equal(planFor(bounce(), verdict('suppressed', decision), rules), 'stop');
});

test('an address that our own failure put on the bounce list is tried again, and no other', () => {
  const listed = verdict('suppressed', 'give_up_suppress');
  const curable = [{ failure: { plan: 'retry' as const } }, { failure: null }];
  for (const own of [bounce({ code: 605 }), bounce({ code: 550, reason: 'suppress-bounce' })]) {
    assert.equal(planFor(own, listed, RULES, curable), 'retry');
    assert.equal(planFor(own, listed, RULES), 'stop');
    assert.equal(planFor(own, listed, RULES, [{ failure: { plan: 'stop' } }]), 'stop');
  }
  for (const code of [606, 607]) assert.equal(planFor(bounce({ code }), listed, RULES, curable), 'stop');
});

test('what gives access goes elsewhere when its recipient unsubscribed, and never when he complained', () => {
  const listed = verdict('suppressed', 'give_up_no_suppress');
  const plans = (of: object) =>
    [null, 'bulk', 'notice', 'access'].map((kind) => planFor(bounce(of), listed, RULES, [], kind as 'access'));
  for (const of of [{ code: 606 }, { code: 550, reason: 'suppress-unsubscribe' }])
    assert.deepEqual(plans(of), ['stop', 'stop', 'stop', 'switch']);
  assert.deepEqual(plans({ code: 607 }), ['stop', 'stop', 'stop', 'stop']);
});

test('nobody knows what an unexplained failure means: it is retried if a server said a code at all', () => {
  const unknown = verdict('undetermined', 'give_up_no_suppress');
  assert.equal(planFor(bounce({ code: 554 }), unknown, RULES), 'retry');
  assert.equal(planFor(bounce({ code: null }), unknown, RULES), 'stop');
});

test('by code alone everything in the range is retried, except what is plainly a bad mailbox', () => {
  const bad: Cause[] = ['recipient_unknown', 'recipient_disabled', 'bad_domain', 'suppressed'];
  for (const cause of CAUSES) {
    const plan = planFor(bounce(), verdict(cause, 'fix_sender'), BY_CODE);
    assert.equal(plan, bad.includes(cause) ? 'stop' : 'retry', cause);
  }
  assert.equal(planFor(bounce({ code: 555 }), verdict(), BY_CODE), 'stop');
});

test('an operator who calls a reply undetermined has decided all the same', () => {
  const own = { ...verdict('undetermined', 'switch_provider'), confidence: 1 };
  assert.equal(planFor(bounce({ code: 554 }), own, RULES), 'switch');
  assert.equal(planFor(bounce({ code: 554 }), { ...own, decision: 'give_up_no_suppress' }, RULES), 'stop');
});

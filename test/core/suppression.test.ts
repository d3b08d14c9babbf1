import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../src/core/delivery.ts';
import type { RetryRules } from '../../src/core/plan.ts';
import { suppressedBy, suppressionFor } from '../../src/core/suppression.ts';
import { CAUSES, DECISIONS } from '../../src/core/verdict.ts';
import { at } from '../support/clock.ts';
import { bounce, failed, reported, sent, verdict } from '../support/factory.ts';

const RULES: RetryRules = { codes: [{ from: 500, to: 554 }], decisions: 'classifier' };
const BY_CODE: RetryRules = { ...RULES, decisions: 'codes' };

test('a final failure suppresses only when that was decided', () => {
  for (const decision of DECISIONS) {
    const wanted = decision === 'give_up_suppress' ? 'recipient_unknown' : null;
    assert.equal(suppressionFor('failed', bounce(), verdict('recipient_unknown', decision), RULES), wanted, decision);
  }
});

test('a temporary failure and a refused message never suppress', () => {
  for (const report of ['deferred', 'rejected', 'accepted', 'delivered', 'other'] as const)
    assert.equal(suppressionFor(report, bounce(), verdict('recipient_unknown', 'give_up_suppress'), RULES), null);
});

test('by the plain code rule no reply suppresses, but a complaint and an unsubscription do', () => {
  for (const cause of CAUSES)
    assert.equal(suppressionFor('failed', bounce(), verdict(cause, 'give_up_suppress'), BY_CODE), null, cause);
  for (const rules of [RULES, BY_CODE]) {
    assert.equal(suppressionFor('complained', null, null, rules), 'complained');
    assert.equal(suppressionFor('unsubscribed', null, null, rules), 'unsubscribed');
  }
});

test("of Mailgun's own lists only what the recipient did is taken over: its bounces name no reply", () => {
  const listed = verdict('suppressed', 'give_up_suppress');
  const causes = [605, 606, 607].map((code) => suppressionFor('failed', bounce({ code }), listed, RULES));
  assert.deepEqual(causes, [null, 'unsubscribed', 'complained']);
});

const dead = (minute: number) => failed(at(minute), 'stop', { suppress: 'recipient_unknown' });
const reversed = (facts: Fact[]) => [...facts].reverse();

test('the latest reply that suppresses is told, in whatever order the facts came', () => {
  const facts: Fact[] = [...sent(), dead(1), dead(9)];
  for (const order of [facts, reversed(facts)]) {
    const said = suppressedBy(order);
    assert.deepEqual([said?.cause, said?.at], ['recipient_unknown', at(9)]);
    assert.equal(said?.reply, '550 5.7.1 blocked');
  }
});

test('an address at which mail arrives afterwards was not dead; one that bounces afterwards is', () => {
  const delivered = reported('delivered', at(5));
  for (const facts of [[...sent(), dead(1), delivered], reversed([...sent(), dead(1), delivered])])
    assert.equal(suppressedBy(facts), null);
  assert.equal(suppressedBy([...sent(), delivered, dead(9)])?.cause, 'recipient_unknown');
});

test('what the recipient wished for stays, whatever is opened later', () => {
  const facts = [...sent(), reported('complained', at(2), { suppress: 'complained' }), reported('opened', at(9))];
  assert.deepEqual(suppressedBy(facts), { cause: 'complained', reply: null, at: at(2) });
});

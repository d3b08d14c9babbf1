import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertFor } from '../../src/core/alerting.ts';
import type { Fact } from '../../src/core/delivery.ts';
import { fold } from '../../src/core/fold.ts';
import type { Policy } from '../../src/core/policy.ts';
import { MINUTE } from '../../src/core/time.ts';
import type { Cause, Decision } from '../../src/core/verdict.ts';
import { MORNING } from '../support/clock.ts';
import { birth, claimed, ended, failed, refused, sent, verdict } from '../support/factory.ts';

const at = MORNING + MINUTE;

function told(facts: Fact[], over: Partial<Policy> = {}) {
  const born = { ...birth('notice', over), domain: 'mg.example.com' };
  return alertFor(born, fold(born, sent()), fold(born, [...sent(), ...facts]))?.incident ?? null;
}

const stopped = (cause: Cause, decision: Decision) => [failed(at, 'stop', { verdict: verdict(cause, decision) })];

test('what the sender has to mend is one incident for each domain and cause', () => {
  assert.equal(told(stopped('sender_auth', 'fix_sender')), 'fix_sender:mg.example.com:sender_auth');
});

test("what the recipient's side refuses for good is told, as the policy says", () => {
  assert.equal(told(stopped('relay_denied', 'give_up_no_suppress')), 'refused:mg.example.com');
  assert.equal(told(stopped('ip_block', 'retry_new_ip')), 'refused:mg.example.com', 'a code outside RETRY_CODES');
  assert.equal(told(stopped('relay_denied', 'give_up_no_suppress'), { alert: false }), null);
});

test('a mail that ends our processes is told, whatever its class', () => {
  const setAside = [ended(1, at, 'abandoned', 'ends_processes')];
  assert.equal(told(setAside, { alert: false }), 'gave_up:mg.example.com');
});

test('dead and suppressed addresses are no news', () => {
  assert.equal(told(stopped('recipient_unknown', 'give_up_suppress')), null);
  const barred = [failed(at, 'retry'), ended(1, at, 'failed', 'suppressed')];
  assert.equal(told(barred), null);
});

test('what the provider refuses of our own sending is told, and what it refuses of the application is not', () => {
  const refusal = (how: 'send' | 'application') => [
    claimed(1, at, { how }),
    refused(1, at, 'invalid'),
    ended(1, at, 'failed', 'refused_invalid'),
  ];
  const kindOf = (facts: Fact[]) => {
    const born = { ...birth('notice'), domain: 'mg.example.com' };
    return alertFor(born, null, fold(born, facts))?.incident ?? null;
  };
  assert.equal(kindOf(refusal('send')), 'fix_sender:mg.example.com:refused_invalid');
  assert.equal(kindOf(refusal('application')), null);
});

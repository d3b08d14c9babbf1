import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancelOutcome } from '../../src/core/cancelled.ts';
import type { Attempt, Outcome, State } from '../../src/core/delivery.ts';

const outcomeOf = (state: State, ...outcomes: Outcome[]) =>
  cancelOutcome({ state, attempts: outcomes.map((outcome) => ({ outcome }) as Attempt) });

test('nothing is called cancelled that may still arrive, and nothing delivered that nobody confirmed', () => {
  assert.equal(outcomeOf('queued'), 'cancelled');
  assert.equal(outcomeOf('queued', 'failed', 'refused'), 'cancelled');
  for (const out of ['sending', 'unconfirmed', 'accepted', 'deferred'] as const) {
    assert.equal(outcomeOf('queued', out), 'already_handed_over', out);
    assert.equal(outcomeOf('queued', out, 'refused'), 'already_handed_over', `${out}, and then a refusal`);
  }
  assert.equal(outcomeOf('delivered', 'arrived'), 'already_delivered');
  assert.equal(outcomeOf('relayed', 'failed', 'accepted'), 'already_handed_over');
  for (const state of ['failed', 'abandoned', 'expired', 'cancelled'] as const)
    assert.deepEqual(
      [outcomeOf(state, 'failed'), outcomeOf(state, 'refused'), outcomeOf(state, 'sending', 'refused')],
      ['already_ended', 'already_ended', 'already_handed_over'],
      state,
    );
});

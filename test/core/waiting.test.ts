import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATES, type State } from '../../src/core/delivery.ts';
import { MINUTE } from '../../src/core/time.ts';
import { resendableAt, stageOf, waitingState } from '../../src/core/waiting.ts';
import { WAITING } from '../../src/core/words/waiting.ts';
import { gradeOf, sentencesOf } from '../support/grade.ts';

const row = (state: State, reason: string | null = null, attempt = 1) => ({ state, reason, attempt });
const stage = (rows: ReturnType<typeof row>[], waited = 0) => stageOf(rows, 1000, 1000 + waited);

test('every state of a delivery is something to the person who waits', () => {
  const stages = Object.fromEntries(STATES.map((state) => [state, stage([row(state)])]));
  assert.deepEqual(stages, {
    ...{ queued: 'delayed', sending: 'accepted', unconfirmed: 'delayed', accepted: 'sent', deferred: 'delayed' },
    ...{ delivered: 'delivered', relayed: 'sent', failed: 'failed', abandoned: 'failed', expired: 'failed' },
    cancelled: 'stopped',
  });
});

test('what waits for its first attempt, or was asked for again, is delayed after a minute', () => {
  for (const fresh of [row('queued', null, 0), row('queued', 'reopened')]) {
    assert.equal(stage([fresh], MINUTE), 'accepted');
    assert.equal(stage([fresh], MINUTE + 1), 'delayed');
  }
});

test('a message that a newer one replaced says so, and one that is not needed too', () => {
  assert.equal(stage([row('cancelled', 'superseded')]), 'replaced');
  assert.equal(stage([row('cancelled', 'the user has reset it')]), 'stopped');
  assert.deepEqual(
    [waitingState('replaced'), waitingState('stopped'), waitingState('sent')],
    ['failed', 'failed', 'sent'],
  );
});

test('of several recipients the one counts who has to wait longest', () => {
  assert.equal(stage([row('delivered'), row('deferred'), row('accepted')]), 'delayed');
  assert.equal(stage([row('delivered'), row('accepted'), row('failed')]), 'sent');
  assert.equal(stage([row('delivered'), row('failed')]), 'failed');
  assert.equal(stage([row('delivered'), row('cancelled')]), 'delivered');
});

test('asking again is of no use for what arrived, was cancelled or failed for good', () => {
  const useful = STATES.filter((state) => resendableAt([row(state)], 1000, 0) === 1000);
  const useless = STATES.filter((state) => !useful.includes(state));
  assert.deepEqual(useless, ['delivered', 'failed', 'cancelled']);
  for (const stuck of [row('queued', null, 0), row('queued', 'reopened'), row('sending')]) {
    assert.equal(resendableAt([stuck], 1000, 999), 1000, 'it will have left by then');
    assert.equal(resendableAt([stuck], 1000, 1000), null, 'it has not');
    assert.equal(resendableAt([stuck, row('accepted')], 1000, 1000), 1000);
  }
});

test('each stage is told in words that an eighth grader reads, with a step to take, and names no cause', () => {
  for (const { sentence, nextStep } of Object.values(WAITING)) {
    for (const words of [sentence, nextStep].flatMap(sentencesOf))
      assert.ok(gradeOf(words) <= 8, `${gradeOf(words)}: ${words}`);
    assert.doesNotMatch(sentence + nextStep, /Mailgun|SMTP|mailbox|unknown|suppress/i);
  }
});

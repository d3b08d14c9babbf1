import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { State } from '../../src/core/delivery.ts';
import { type Asked, type Resendable, resendableFrom, resendOf } from '../../src/core/resend.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { RESEND } from '../../src/core/words/waiting.ts';
import { gradeOf, sentencesOf } from '../support/grade.ts';

const one = (state: State, over: Partial<Resendable> = {}, attempt = 1): Resendable => ({
  ...{ delivery: { state, attempt, reopened: null }, barred: false, hasCopy: true },
  ...over,
});
const result = (all: Resendable[], now = MINUTE, asked: Asked | null = null) =>
  resendOf(all, asked, MINUTE, now).result;

test('the waits are one, two and then five times as long, each from the last time', () => {
  const from = (asked: Asked | null) => resendableFrom(1000, asked, MINUTE) - (asked?.at ?? 1000);
  assert.equal(from(null), 60 * SECOND);
  assert.equal(from({ times: 1, at: 5 * MINUTE }), 120 * SECOND);
  assert.equal(from({ times: 2, at: 5 * MINUTE }), 300 * SECOND);
  assert.equal(from({ times: 9, at: 5 * MINUTE }), 300 * SECOND);
});

test('what a provider has, what waits for a retry and what was given up is sent again', () => {
  for (const state of ['accepted', 'deferred', 'unconfirmed', 'queued', 'relayed', 'abandoned', 'expired'] as const)
    assert.equal(result([one(state)]), 'resent', state);
});

test('what has not left yet, or leaves at this moment, needs no second copy', () => {
  const reopened = { delivery: { ...one('queued').delivery, reopened: {} as never } };
  for (const all of [one('queued', {}, 0), one('sending'), one('queued', reopened)])
    assert.equal(result([all], 9 * MINUTE), 'waiting');
});

test('before its time the answer is that of the last time', () => {
  assert.equal(result([one('accepted')], MINUTE - 1), 'waiting');
  assert.equal(result([one('accepted')], MINUTE - 1, { times: 0, at: 0 }), 'waiting');
  assert.equal(result([one('accepted')], MINUTE - 1, { times: 1, at: 0 }), 'resent');
});

test('what was delivered, was cancelled, failed for good or has no copy is not sent, whenever it is asked for', () => {
  for (const now of [0, 9 * MINUTE]) {
    assert.equal(result([one('delivered')], now), 'already_delivered');
    assert.equal(result([one('cancelled'), one('delivered')], now), 'cancelled');
    assert.equal(result([one('failed')], now), 'not_possible');
    assert.equal(result([one('accepted', { barred: true })], now), 'not_possible');
    assert.equal(result([one('accepted', { hasCopy: false })], now), 'not_possible');
    assert.equal(result([one('failed'), one('cancelled')], now), 'not_possible');
  }
});

test('of several recipients only those are sent to whom it may still reach', () => {
  const all = [one('delivered'), one('accepted'), one('failed'), one('cancelled')];
  const { result, opens } = resendOf(all, null, MINUTE, MINUTE);
  assert.equal(result, 'resent');
  assert.deepEqual(all.map(opens), [false, true, false, false]);
});

test('what asking again comes to is said in words that an eighth grader reads', () => {
  for (const words of Object.values(RESEND).flatMap(sentencesOf))
    assert.ok(gradeOf(words) <= 8, `${gradeOf(words)}: ${words}`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL, judge, type Reading, type Standing } from '../../../src/core/thresholds/judge.ts';
import { fullRule, type Rule } from '../../../src/core/thresholds/rule.ts';
import { DAY, HOUR, MINUTE, type Ms } from '../../../src/core/time.ts';
import { MORNING } from '../../support/clock.ts';

const BOUNCED = fullRule({
  ...{ name: 'bounced', measure: 'bounced', rings: 0.05, clears: 0.03, least: 100, leastBad: 10 },
  ...{ holds: 5 * MINUTE, clearsAfter: 10 * MINUTE },
});

const share = (bad: number, of: number): Reading => ({ scope: ALL, of, bad, value: bad / of });

/** What a rule does at these minutes, by what is read then. */
function played(rule: Rule, readings: Record<number, Reading | null>, before: Standing | null = null): string[] {
  let standing = before;
  return Object.entries(readings).flatMap(([minute, reading]) => {
    const judged = judge(rule, standing, reading, MORNING + Number(minute) * MINUTE);
    standing = judged.standing;
    return judged.change === null ? [] : [`${judged.change} at ${minute}`];
  });
}

test('a figure rings when it has been beyond for long enough, and not before', () => {
  assert.deepEqual(played(BOUNCED, { 0: share(10, 200), 4: share(10, 200) }), []);
  assert.deepEqual(played(BOUNCED, { 0: share(10, 200), 5: share(10, 200) }), ['rings at 5']);
  assert.deepEqual(played(BOUNCED, { 0: share(10, 200), 2: share(9, 200), 5: share(10, 200), 9: share(10, 200) }), []);
});

test('it rings at the very value that the rule names, and clears at the very value that it names for that', () => {
  assert.deepEqual(played({ ...BOUNCED, holds: 0 }, { 0: share(50, 1000) }), ['rings at 0']);
  assert.deepEqual(played({ ...BOUNCED, holds: 0 }, { 0: share(49, 1000) }), []);
  const ringing = { 0: share(50, 1000), 5: share(50, 1000) };
  assert.deepEqual(played(BOUNCED, { ...ringing, 6: share(30, 1000), 16: share(30, 1000) }), [
    'rings at 5',
    'clears at 16',
  ]);
  assert.deepEqual(played(BOUNCED, { ...ringing, 6: share(31, 1000), 16: share(31, 1000) }), ['rings at 5']);
});

test('between the two it neither rings nor clears', () => {
  const between = share(40, 1000);
  assert.deepEqual(played(BOUNCED, { 0: between, 30: between }), []);
  const ringing = { 0: share(60, 1000), 5: share(60, 1000) };
  const wavering = { 6: share(20, 1000), 12: between, 14: share(20, 1000), 23: share(20, 1000), 24: share(20, 1000) };
  assert.deepEqual(played(BOUNCED, { ...ringing, ...wavering }), ['rings at 5', 'clears at 24']);
});

test('few mails, and few bad ones, ring nothing', () => {
  assert.deepEqual(played({ ...BOUNCED, holds: 0 }, { 0: share(50, 99) }), []);
  assert.deepEqual(played({ ...BOUNCED, holds: 0 }, { 0: share(9, 100) }), []);
  assert.deepEqual(played({ ...BOUNCED, holds: 0 }, { 0: share(10, 100) }), ['rings at 0']);
});

test('what rings clears when too little is sent to say, after the same while', () => {
  const ringing = { 0: share(20, 100), 5: share(20, 100) };
  assert.deepEqual(played(BOUNCED, { ...ringing, 6: null, 15: null }), ['rings at 5']);
  assert.deepEqual(played(BOUNCED, { ...ringing, 6: null, 10: share(20, 40), 16: null }), [
    'rings at 5',
    'clears at 16',
  ]);
});

test('of what should be high less is worse', () => {
  const delivered = fullRule({
    name: 'delivered',
    measure: 'delivered',
    rings: 0.9,
    clears: 0.95,
    holds: 0,
    clearsAfter: 0,
    leastBad: 0,
  });
  const at = (value: number): Reading => ({ scope: ALL, of: 100, bad: 10, value });
  assert.deepEqual(played(delivered, { 0: at(0.91), 1: at(0.9), 2: at(0.94), 3: at(0.95) }), [
    'rings at 1',
    'clears at 3',
  ]);
});

test('how it was while nobody looked is not guessed', () => {
  assert.deepEqual(played(BOUNCED, { 0: share(20, 100), 120: share(20, 100), 125: share(20, 100) }), ['rings at 125']);
  const ringing = { 0: share(20, 100), 5: share(20, 100), 6: share(0, 100) };
  assert.deepEqual(played(BOUNCED, { ...ringing, 100: share(0, 100), 110: share(0, 100) }), [
    'rings at 5',
    'clears at 110',
  ]);
});

test('a clock that is set back keeps nothing from ringing', () => {
  const { standing } = judge(BOUNCED, null, share(20, 100), MORNING + DAY);
  const back = judge(BOUNCED, standing, share(20, 100), MORNING);
  assert.equal(back.change, null);
  assert.equal(judge(BOUNCED, back.standing, share(20, 100), MORNING + 5 * MINUTE).change, 'rings');
});

test('the worst of it is kept, and since when it is so', () => {
  let standing: Standing | null = null;
  for (const [n, bad] of [6, 30, 12].entries())
    standing = judge(BOUNCED, standing, share(10 * bad, 1000), MORNING + 5 * n * MINUTE).standing;
  assert.deepEqual([standing?.worst.bad, standing?.beyondSince], [300, MORNING]);
});

const FLAT = fullRule({
  ...{ name: 'flat', measure: 'flatline', rings: 0, clears: 0, least: 10, leastBad: 0, holds: 0, clearsAfter: 0 },
});
const sent = (bad: number, of = 40): Reading => ({ scope: ALL, of, bad, value: bad / of });

test('what fell silent rings until it is sent again, also over the hours in which it never is', () => {
  assert.deepEqual(played(FLAT, { 0: sent(3), 15: sent(0), 30: null, 600: null, 900: sent(0), 915: sent(1) }), [
    'rings at 15',
    'clears at 915',
  ]);
});

test('what nobody expects any more for more than a week is over', () => {
  const ringing = judge(FLAT, null, sent(0), MORNING).standing;
  let standing = ringing;
  let cleared: Ms | null = null;
  for (let at = MORNING + HOUR; cleared === null && at < MORNING + 20 * DAY; at += HOUR / 2) {
    const judged = judge(FLAT, standing, null, at);
    standing = judged.standing;
    if (judged.change === 'clears') cleared = at;
  }
  assert.equal(cleared, MORNING + HOUR + 8 * DAY);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOf, leftIn, type Rate, readRate } from '../../src/core/pace.ts';
import { SECOND } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';

const afterSpending = (one: Rate, count: number): number => 1000 * MORNING + costOf(one, count);
const rate = (perSecond: number): Rate => ({ provider: 'mailgun', class: null, perSecond });

test('a rate is a count in a second, a minute or an hour, of all mail or of a class', () => {
  assert.deepEqual(readRate('mailgun=100/s'), { provider: 'mailgun', class: null, perSecond: 100 });
  assert.deepEqual(readRate('mailgun/bulk=30/m'), { provider: 'mailgun', class: 'bulk', perSecond: 0.5 });
  assert.deepEqual(readRate('smtp.example.com:587=36/h'), {
    provider: 'smtp.example.com:587',
    class: null,
    perSecond: 0.01,
  });
  for (const wrong of [
    'mailgun',
    'mailgun=0/s',
    'mailgun=5',
    'mailgun=5/d',
    'mailgun/urgent=5/s',
    '=5/s',
    'mailgun=-1/s',
  ])
    assert.equal(readRate(wrong), null, wrong);
});

test('two seconds of a rate are free after a rest, and it refills evenly', () => {
  for (const perSecond of [1, 7, 100]) {
    const full = afterSpending(rate(perSecond), 2 * perSecond);
    assert.equal(leftIn(rate(perSecond), 0, MORNING), 2 * perSecond);
    assert.equal(leftIn(rate(perSecond), full, MORNING), 0);
    assert.equal(leftIn(rate(perSecond), full, MORNING + SECOND), perSecond);
    assert.equal(leftIn(rate(perSecond), full, MORNING + 60 * SECOND), 2 * perSecond);
  }
});

test('a rate below one in a second lets one go at a time', () => {
  const slow = rate(0.1);
  assert.equal(leftIn(slow, 0, MORNING), 1);
  const spent = afterSpending(slow, 1);
  assert.deepEqual([leftIn(slow, spent, MORNING + 9 * SECOND), leftIn(slow, spent, MORNING + 10 * SECOND)], [0, 1]);
});

test('what left beyond the rate is a debt', () => {
  const spent = afterSpending(rate(10), 50);
  assert.deepEqual(
    [3, 4, 5].map((s) => leftIn(rate(10), spent, MORNING + s * SECOND)),
    [0, 10, 20],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ended, hopelessWords, isHopeless, weekOf } from '../../../src/core/figures/hopeless.ts';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import { MORNING } from '../../support/clock.ts';

const repost = (n: number, over: Partial<Ended> = {}): Ended => ({
  attempt: 2,
  sendingIp: 'changed',
  at: MORNING - n * MINUTE,
  arrived: false,
  ...over,
});
const row = (n: number): Ended[] => Array.from({ length: n }, (_, i) => repost(i));

test('so many without a cure are hopeless, one fewer are not, and one cure among them says otherwise', () => {
  assert.equal(isHopeless(row(20), 20), true);
  assert.equal(isHopeless(row(19), 20), false);
  assert.equal(isHopeless([...row(19), repost(19, { arrived: true })], 20), false);
  assert.equal(isHopeless([...row(20), repost(20, { arrived: true })], 20), true);
});

test('with 0 nothing ever is', () => {
  assert.equal(isHopeless(row(50), 0), false);
  assert.equal(isHopeless([], 0), false);
});

test('the words tell what was tried, how often, from where, and that nothing was changed', () => {
  const last = [repost(0), repost(1, { attempt: 3, sendingIp: 'same' }), repost(2, { sendingIp: 'unknown' })];
  const words = hopelessWords('outlook.com ip_block', last);
  assert.match(words, /^Of the last 3 re-posts to outlook\.com after "our IP is blocked" none arrived/);
  assert.match(
    words,
    /attempts 2, 3; 1 left from another IP address than the failure, 1 from the same one, of 1 it is/,
  );
  assert.match(words, /What is sent was not changed/);
});

test('a week begins on Monday', () => {
  const monday = Date.UTC(2026, 10, 23);
  assert.equal(weekOf(monday - 1) + 1, weekOf(monday));
  assert.equal(weekOf(monday), weekOf(monday + 7 * DAY - 1));
});

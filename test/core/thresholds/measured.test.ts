import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Recent,
  readBacklog,
  readOverdue,
  readSigns,
  readSlow,
  scopeOf,
} from '../../../src/core/thresholds/measured.ts';
import { fullRule, type Measure, type Rule } from '../../../src/core/thresholds/rule.ts';
import { MINUTE, type Ms, SECOND } from '../../../src/core/time.ts';
import { MORNING } from '../../support/clock.ts';

const NOW = MORNING;
const rule = (measure: Measure, over: Partial<Rule> = {}): Rule =>
  fullRule({ name: 'r', measure, per: ['class'], ...over });
const mail = (wantedAt: Ms, took: Ms | null, over: Partial<Recent> = {}): Recent => ({
  ...{ domain: 'mg.example.com', class: 'access', receiver: 'example.net', wantedAt },
  arrivedAt: took === null ? null : wantedAt + took,
  ...over,
});
const figures = (readings: { of: number; bad: number; value: number }[]) =>
  readings.map(({ of, bad, value }) => [of, bad, value]);

test('the rates are of what was answered, of what arrived, or of what came to an end', () => {
  const signs = { arrived: 170, lost: 30, bounced: 10, deferred: 20, complained: 2, heard: 150, found: 50 };
  const of = (measure: Measure) =>
    figures(readSigns(rule(measure), [{ scope: { domain: '', class: '', about: '' }, signs }]))[0];
  assert.deepEqual(of('bounced'), [180, 10, 10 / 180]);
  assert.deepEqual(of('complained'), [170, 2, 2 / 170]);
  assert.deepEqual(of('delivered'), [200, 30, 0.85]);
  assert.deepEqual(of('deferred'), [200, 20, 0.1]);
  assert.deepEqual(of('polled'), [200, 50, 0.25]);
});

test('nothing is divided by nothing, and late complaints about earlier mail are no more than all of it', () => {
  const scope = { domain: '', class: '', about: '' };
  assert.deepEqual(figures(readSigns(rule('complained'), [{ scope, signs: { complained: 3 } }])), [[0, 3, 0]]);
  assert.deepEqual(figures(readSigns(rule('complained'), [{ scope, signs: { arrived: 1, complained: 3 } }])), [
    [1, 3, 1],
  ]);
});

test('overdue is what had its time, all of it, and did not arrive in it', () => {
  const late = rule('overdue', { within: 5 * MINUTE, window: 15 * MINUTE });
  const end = NOW - 5 * MINUTE;
  const of = (...mails: Recent[]) => figures(readOverdue(late, mails, NOW));
  assert.deepEqual(of(mail(end, null)), [], 'its time ends now');
  assert.deepEqual(of(mail(end - 1, null)), [[1, 1, 1]]);
  assert.deepEqual(of(mail(end - 15 * MINUTE, null)), [[1, 1, 1]], 'the window begins with it');
  assert.deepEqual(of(mail(end - 15 * MINUTE - 1, null)), []);
  assert.deepEqual(of(mail(end - 1, 5 * MINUTE), mail(end - 1, 5 * MINUTE + 1)), [[2, 1, 0.5]]);
});

test('slow is the time that one of twenty took, of what arrived', () => {
  const slow = rule('slow', { window: 15 * MINUTE });
  const mails = Array.from({ length: 100 }, (_, n) => mail(NOW - MINUTE, (n + 1) * SECOND));
  assert.deepEqual(figures(readSlow(slow, mails, NOW)), [[100, 6, 95 * SECOND]]);
  assert.deepEqual(figures(readSlow(slow, [mail(NOW - MINUTE, null), mail(NOW - 16 * MINUTE, SECOND)], NOW)), []);
  assert.deepEqual(figures(readSlow(slow, [mail(NOW - MINUTE, -SECOND)], NOW)), [[1, 1, 0]], 'clocks differ a little');
});

test('what waits is added up by the mail that the rule tells apart', () => {
  const waiting = [
    { domain: 'a.example', class: 'access' as const, receiver: 'x.example', n: 3 },
    { domain: 'b.example', class: 'access' as const, receiver: 'x.example', n: 4 },
    { domain: 'a.example', class: 'bulk' as const, receiver: 'x.example', n: 5 },
  ];
  assert.deepEqual(figures(readBacklog(rule('backlog'), waiting)), [
    [7, 7, 7],
    [5, 5, 5],
  ]);
  assert.deepEqual(figures(readBacklog(rule('backlog', { per: [] }), waiting)), [[12, 12, 12]]);
});

test('a rule is about all mail, or some of it, and tells apart what it names', () => {
  const party = { domain: 'mg.example.com', class: 'access' as const, receiver: 'example.net' };
  const none = { domain: null, class: null, receiver: null };
  assert.deepEqual(scopeOf({ per: [], only: none }, party), { domain: '', class: '', about: '' });
  assert.deepEqual(scopeOf({ per: ['receiver'], only: none }, party), { domain: '', class: '', about: 'example.net' });
  assert.deepEqual(scopeOf({ per: [], only: { ...none, class: 'access' } }, party), {
    domain: '',
    class: 'access',
    about: '',
  });
  assert.equal(scopeOf({ per: [], only: { ...none, class: 'bulk' } }, party), null);
  assert.equal(scopeOf({ per: [], only: { ...none, receiver: 'other.example' } }, party), null);
});

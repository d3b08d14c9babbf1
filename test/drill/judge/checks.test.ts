import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CheckName, type Fault, failedIn as failedOf } from '../../../src/core/drills.ts';
import { checksOf } from '../../../src/drill/judge/checks.ts';
import { reportOf } from '../../../src/drill/judge/report.ts';
import type { Seen } from '../../../src/drill/judge/seen.ts';
import { at, good, look, mail } from './support.ts';

const resultOf = (seen: Seen, name: CheckName) => {
  const found = checksOf(seen).find(({ check }) => check === name);
  return [found?.result, found?.says];
};

const failedIn = (seen: Seen) => failedOf({ checks: checksOf(seen) });

test('what went as it should passes', () => {
  assert.deepEqual(
    checksOf(good()).map(({ result }) => result),
    Array(7).fill('passed'),
  );
});

test('a mail that was not taken, or not at once, is not accepted fast', () => {
  const { sent } = good();
  assert.deepEqual(failedIn(good({ sent: [...sent, mail(null, 4)] })), ['accepted']);
  const slow = sent.map((one) => ({ ...one, took: 2500 }));
  assert.deepEqual(resultOf(good({ sent: slow }), 'accepted'), [
    'failed',
    '4 mails were taken, each within 2.5 s; 2.0 s are allowed',
  ]);
});

test('a reset that is late, or never there, and an outage that nobody noticed, are no failover in time', () => {
  const { arrivals, turns } = good();
  const late = arrivals.map((one) => (one.messageId === 'reset' ? { ...one, at: at(31) } : one));
  assert.deepEqual(failedIn(good({ arrivals: late })), ['failed_over']);
  assert.deepEqual(failedIn(good({ arrivals: arrivals.slice(1) })), ['failed_over', 'one_copy']);
  assert.deepEqual(failedIn(good({ turns: [] })), ['failed_over', 'failback']);
  const slow = turns.map((turn) => (turn.state === 'down' ? { ...turn, at: at(31) } : turn));
  assert.deepEqual(failedIn(good({ turns: slow })), ['failed_over']);
  // What is slow need not be sent away.
  assert.deepEqual(failedIn(good({ turns: [], fault: 'slow' })), []);
});

test('each mail arrives once; what Mailgun took and never sent is counted and no failure', () => {
  const { arrivals } = good();
  assert.deepEqual(resultOf(good({ arrivals: [...arrivals, ...arrivals.slice(1, 2)] }), 'one_copy')[0], 'failed');
  const lost = arrivals.slice(0, -1);
  assert.match(
    String(resultOf(good({ arrivals: lost }), 'one_copy')[1]),
    /^1 mail did not arrive \(notice of \d\d:\d\d:\d\d\)$/,
  );
  const swallowed = new Set(['n3', 'n1']);
  assert.deepEqual(resultOf(good({ arrivals: lost, swallowed }), 'one_copy'), [
    'passed',
    'each of 3 mails arrived once; 1 vanished at Mailgun before anybody could know',
  ]);
});

test('a status that says that all is well, says nothing, or gives no answer while it lasts has failed', () => {
  const { looks } = good();
  const lying = looks.map((one) => (one.at === at(30) ? look(30) : one));
  assert.match(
    String(resultOf(good({ looks: lying }), 'status_during')[1]),
    /^26\.0 s after .* the status said: "Emails are on time\."$/,
  );
  const silent = looks.map((one) => (one.at === at(30) ? { ...one, status: null } : one));
  assert.deepEqual(resultOf(good({ looks: silent }), 'status_during'), [
    'failed',
    'the status gave no answer at 1 of 3 looks',
  ]);
  const sameBanner = looks.map((one) =>
    one.status && one.at === at(30) ? { ...one, status: { ...one.status, sentence: 'Emails are on time.' } } : one,
  );
  assert.deepEqual(failedIn(good({ looks: sameBanner })), ['status_during']);
  const brief = looks.filter((one) => one.at < at(10) || one.at > at(60));
  assert.match(String(resultOf(good({ looks: brief }), 'status_during')[1]), /let it last longer$/);
  // For its first seconds it may not know yet.
  const early = looks.map((one) => (one.at === at(5) ? look(5) : one));
  assert.deepEqual(failedIn(good({ looks: early })), []);
});

test('trouble that showed just before the fault ended need not have been told of, but where a fault has to be noticed', () => {
  const turns = [{ at: at(58), state: 'down', share: 0 }];
  const arrivals = good().arrivals.filter(({ by }) => by === 'mailgun');
  const late = (fault: Fault) => resultOf(good({ fault, turns, arrivals }), 'status_during');
  assert.deepEqual(late('half'), [
    'not_needed',
    'what showed at the very end was over before the status had to tell of it',
  ]);
  assert.match(String(late('down')[1]), /let it last longer$/);
});

test('a look that was begun before a moment says nothing of what was so after it', () => {
  const { looks } = good();
  const slow = (seconds: number, askedAt: number, state?: string) => ({
    ...look(seconds, state),
    askedAt: at(askedAt),
  });
  assert.deepEqual(failedIn(good({ looks: [...looks, slow(16, 5), slow(62, 58), slow(91, 59, 'backup')] })), []);
});

test('a status that goes on telling of it, or comes back to it, has failed', () => {
  const { looks } = good();
  assert.deepEqual(failedIn(good({ looks: [...looks, look(100, 'backup')] })), ['status_after']);
  assert.deepEqual(failedIn(good({ looks: [...looks.slice(0, -1), look(100, 'backup'), look(130)] })), [
    'status_after',
  ]);
  assert.deepEqual(failedIn(good({ looks: looks.filter((one) => one.at < at(60)) })), ['status_after']);
});

test('what had waited may not leave all at once', () => {
  const many = Array.from({ length: 8 }, (_, n) => `m${n}`);
  const { sent, arrivals } = good();
  const with8 = (spread: number) =>
    good({
      sent: [...sent, ...many.map((id) => mail(id, 10))],
      arrivals: [
        ...arrivals,
        ...many.map((messageId, n) => ({ messageId, at: at(80) + n * spread, by: 'mailgun' as const })),
      ],
    });
  assert.match(String(resultOf(with8(10), 'drain')[1]), /, 9 in the fullest second; 5 are allowed$/);
  assert.deepEqual(failedIn(with8(400)), []);
});

test('a provider that is sent away again, does not come back, or gets less than before, comes back with no calm', () => {
  const { turns } = good();
  const noticedLate = [{ at: at(62), state: 'down', share: 0 }, ...turns.slice(1)];
  assert.equal(resultOf(good({ turns: noticedLate }), 'failback')[0], 'passed');
  const again = [...turns, { at: at(80), state: 'down', share: 0 }];
  assert.match(String(resultOf(good({ turns: again }), 'failback')[1]), /down again after the fault had ended$/);
  assert.deepEqual(failedIn(good({ turns: turns.slice(0, -1) })), ['failback']);
  const shrinking = turns.map((turn) => (turn.share === 25 ? { ...turn, share: 2 } : turn));
  assert.deepEqual(resultOf(good({ turns: shrinking }), 'failback'), ['failed', 'its steps did not grow: 1, 5, 2']);
  const late = turns.map((turn) => (turn.state === 'healthy' ? { ...turn, at: at(121) } : turn));
  assert.deepEqual(failedIn(good({ turns: late })), ['failback']);
});

test('a drill that was ended early has not passed, whatever it has shown', () => {
  assert.equal(reportOf(good(), 'demo', false).passed, true);
  assert.equal(reportOf(good(), 'demo', true).passed, false);
});

test('the parts of the picture hold every arrival once, and say when the fault lasted', () => {
  const { slots, figures } = reportOf(good(), 'demo', false);
  assert.ok(slots.length <= 60);
  const sum = (of: (slot: (typeof slots)[number]) => number) => slots.reduce((all, slot) => all + of(slot), 0);
  assert.deepEqual([sum((s) => s.mailgun), sum((s) => s.secondary)], [figures.byMailgun, figures.bySecondary]);
  const sick = slots.filter((slot) => slot.sick);
  const [first, last] = [sick[0]?.at ?? Number.NaN, sick.at(-1)?.at ?? Number.NaN];
  const length = (slots[1]?.at ?? Number.NaN) - (slots[0]?.at ?? Number.NaN);
  assert.ok(first <= at(0) && at(0) < first + length, 'it begins in the first of them');
  assert.ok(last < at(60) && at(60) <= last + length, 'and ends in the last');
  assert.equal(sick.length, (last - first) / length + 1);
});

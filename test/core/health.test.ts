import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, isInShare, nextHealth, type Standing, type World } from '../../src/core/health.ts';
import type { Signs } from '../../src/core/signs.ts';
import { HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';
import { RULES } from '../support/outage-rules.ts';

const QUIET: Signs = {
  ...{ taken: 0, failed: 0, barred: 0, unreached: 0, accepted: 0, unheard: 0, receivers: 0 },
  slowness: { timed: 0, slow: 0, limit: 5 * SECOND },
  putOff: null,
};
const WORLD: World = { ...RULES, now: MORNING, elsewhere: 'well', switches: 0, hints: [] };

function next(state: Standing['state'], signs: Partial<Signs>, over: Partial<Standing & World> = {}): Change | null {
  const at: Standing = { state, since: MORNING, share: 100, wellSince: MORNING, probesFailed: 0, ...over };
  return nextHealth(at, { ...QUIET, ...signs }, { ...WORLD, ...over });
}
const state = (...given: Parameters<typeof next>) => next(...given)?.state ?? null;

test('one failure makes a provider suspect, and nothing more', () => {
  assert.equal(state('healthy', { failed: 1 }), 'suspect');
  assert.equal(state('healthy', { failed: 1, taken: 1 }), null);
  assert.equal(state('suspect', { failed: 1 }), null);
  assert.equal(state('suspect', { failed: 4 }), null);
});

test('many failures, or failed calls of our own without mail that it took, take it down', () => {
  assert.equal(state('suspect', { failed: 5, taken: 5 }), 'down');
  assert.equal(state('suspect', { failed: 5, taken: 6 }), null);
  assert.equal(state('suspect', { failed: 1 }, { probesFailed: 3, wellSince: null }), 'down');
  assert.equal(state('suspect', { failed: 1, taken: 1 }, { probesFailed: 3, wellSince: null }), null);
  assert.match(next('suspect', { failed: 7, taken: 1 })?.evidence ?? '', /^7 of 8 hand-overs within 60 s/);
});

test('one that went down and came back often stays away for longer', () => {
  const well = { since: MORNING - HOUR, wellSince: MORNING - HOUR };
  assert.equal(state('down', {}, { ...well, switches: 2 }), 'recovering');
  assert.equal(state('down', {}, { ...well, switches: 3 }), null);
  assert.equal(
    state('down', {}, { ...well, switches: 3, elsewhere: 'none' }),
    'healthy',
    'mail has nowhere else to go',
  );
});

test('an account that is refused takes it down, and mail that vanishes at several receivers does', () => {
  assert.equal(state('suspect', { barred: 3 }), 'down');
  assert.equal(state('suspect', { barred: 3, taken: 1 }), null, 'one domain of several may be barred');
  const silent = { accepted: 20, unheard: 10, receivers: 3 };
  assert.equal(state('suspect', silent), 'down');
  assert.equal(state('suspect', { ...silent, receivers: 2 }), null, 'one receiver is slow');
  assert.equal(state('suspect', { ...silent, accepted: 21 }), null);
  assert.equal(state('suspect', { accepted: 9, unheard: 9, receivers: 9 }), null, 'too few to say');
});

const slow = (count: number, timed = count) => ({ slowness: { timed, slow: count, limit: 5 * SECOND } });

test('hand-overs that take long make a provider suspect, and never take it down alone', () => {
  assert.equal(state('healthy', slow(4)), null);
  assert.equal(state('healthy', slow(5, 34)), null, 'a few of many');
  assert.equal(state('healthy', slow(5, 33)), 'suspect');
  assert.match(next('healthy', slow(5, 33))?.evidence ?? '', /^5 of 33 hand-overs within 60 s took longer than 5 s$/);
  assert.equal(state('suspect', slow(500), { now: MORNING + HOUR }), null, 'nor is the suspicion over while they do');
});

test('of a provider that is slow as well, fewer failures are enough, but never a few', () => {
  const failing = { failed: 5, taken: 15 };
  assert.equal(state('suspect', failing), null);
  assert.equal(state('suspect', { ...failing, ...slow(10) }), 'down');
  assert.equal(state('suspect', { failed: 4, taken: 0, ...slow(10) }), null);
  assert.match(
    next('suspect', { ...failing, ...slow(10) })?.evidence ?? '',
    /^5 of 20 hand-overs .*; 10 of 10 hand-overs/,
  );
});

test('several receivers that put off most mail make a provider suspect, and never take it down alone', () => {
  const putOff = { putOff: { receivers: 4, putOff: 30, heard: 40, worst: 'gmail.com' } };
  const seen = next('healthy', putOff);
  assert.equal(seen?.state, 'suspect');
  assert.equal(seen?.evidence, '4 receivers, gmail.com most of all, put off 30 of 40 mails within 900 s');
  assert.equal(state('suspect', putOff, { now: MORNING + HOUR }), null);
  assert.equal(state('suspect', { ...putOff, failed: 5, taken: 15 }), 'down');
});

test('what others say makes a provider suspect, and never takes it down or keeps it away', () => {
  const hints = ['its status page tells of "Delays"'];
  assert.deepEqual(next('healthy', {}, { hints }), { state: 'suspect', share: 100, evidence: hints[0] });
  assert.equal(state('suspect', { taken: 3, failed: 4 }, { hints, now: MORNING + HOUR }), null);
  assert.equal(next('recovering', {}, { hints, now: MORNING + 2 * MINUTE, share: 5 })?.share, 25);
  assert.equal(state('down', {}, { hints, now: MORNING + 10 * MINUTE }), 'recovering');
});

test('applications that can not reach a provider make it suspect, and our own calls decide', () => {
  const unreached = { unreached: 40, taken: 10 };
  assert.equal(next('healthy', unreached)?.evidence, 'applications could not reach it 40 times within 60 s');
  assert.equal(state('healthy', { unreached: 3, taken: 3 }), null);
  assert.equal(state('suspect', unreached, { now: MORNING + HOUR }), null);
  const probes = { probesFailed: 2, wellSince: null };
  assert.equal(state('suspect', { unreached: 3 }, probes), 'down');
  assert.equal(next('recovering', unreached, { now: MORNING + 2 * MINUTE, share: 5 })?.share, 25);
});

test('with what others say less of our own signs is enough, and stands in the evidence', () => {
  const hints = ['its status page tells of "Delays"'];
  const down = next('suspect', { failed: 5, taken: 15 }, { hints });
  assert.deepEqual(
    [down?.state, down?.evidence],
    ['down', `5 of 20 hand-overs within 60 s failed or got no answer; ${hints[0]}`],
  );
  const probes = { probesFailed: 2, wellSince: null };
  assert.equal(state('suspect', {}, probes), null);
  assert.equal(state('suspect', {}, { ...probes, hints }), 'down');
  assert.equal(state('suspect', {}, { ...probes, hints, probesFailed: 1 }), null);
});

test('a provider that is slow while it recovers gets no more mail than it has', () => {
  const recovering = { now: MORNING + 2 * MINUTE, share: 5 };
  assert.equal(next('recovering', {}, recovering)?.share, 25);
  assert.equal(next('recovering', slow(5), recovering), null);
});

test('when all providers look sick our own network is suspected, and after three switches an hour nothing is switched', () => {
  assert.equal(state('suspect', { failed: 50 }, { elsewhere: 'sick' }), null);
  assert.equal(state('suspect', { barred: 50 }, { elsewhere: 'sick' }), 'down', 'an account is no network');
  assert.equal(state('suspect', { failed: 50 }, { switches: 3 }), null);
  assert.equal(
    state('suspect', { failed: 50 }, { elsewhere: 'none' }),
    'down',
    'mail is held, and no attempt is used up',
  );
});

test('a suspicion ends when nothing more is seen for two minutes', () => {
  assert.equal(state('suspect', {}, { now: MORNING + MINUTE }), null);
  assert.equal(state('suspect', {}, { now: MORNING + 2 * MINUTE }), 'healthy');
  assert.equal(state('suspect', {}, { now: MORNING + 2 * MINUTE, wellSince: null }), null);
});

test('it comes back after it was well for long enough, in steps, and goes at once when it fails', () => {
  const after = (ms: Ms) => ({ now: MORNING + ms });
  assert.equal(state('down', {}, after(9 * MINUTE)), null);
  assert.equal(state('down', {}, { ...after(12 * MINUTE), wellSince: MORNING + 5 * MINUTE }), null);
  assert.deepEqual(
    [next('down', {}, after(10 * MINUTE))?.state, next('down', {}, after(10 * MINUTE))?.share],
    ['recovering', 1],
  );
  const steps = [1, 5, 25].map((share) => next('recovering', {}, { ...after(2 * MINUTE), share }));
  assert.deepEqual(
    steps.map((step) => [step?.state, step?.share]),
    [
      ['recovering', 5],
      ['recovering', 25],
      ['healthy', 100],
    ],
  );
  assert.equal(state('recovering', {}, { ...after(MINUTE), share: 1 }), null);
  assert.equal(state('recovering', { failed: 5 }, { ...after(MINUTE), share: 1 }), 'down');
  assert.equal(
    state('down', {}, { ...after(30 * SECOND), elsewhere: 'none' }),
    'healthy',
    'nobody else takes the mail',
  );
});

test('a share is of all mail, the same mails each time', () => {
  const ids = Array.from({ length: 2000 }, (_, n) => `D${n}`);
  const within = (share: number) => ids.filter((id) => isInShare(id, share));
  assert.ok(Math.abs(within(25).length - 500) < 100);
  assert.deepEqual(
    within(5).filter((id) => !within(25).includes(id)),
    [],
  );
  assert.deepEqual([within(0).length, within(100).length], [0, 2000]);
});

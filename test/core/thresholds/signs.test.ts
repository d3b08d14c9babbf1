import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../../src/core/delivery.ts';
import { fold } from '../../../src/core/fold.ts';
import { signsOf } from '../../../src/core/thresholds/signs.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { MORNING } from '../../support/clock.ts';
import { birth, bounce, ended, failed, reported, sent } from '../../support/factory.ts';

/** What some facts add, after others. */
function told(before: readonly Fact[], facts: readonly Fact[]) {
  const signs = signsOf({ facts, before: fold(birth(), before), after: fold(birth(), [...before, ...facts]) });
  return signs && Object.fromEntries(Object.entries(signs).filter(([, n]) => n > 0));
}

const SENT = sent();
const at = MORNING + MINUTE;
const delivered = reported('delivered', at);

test('a report says that mail arrived, once, and how it was heard of', () => {
  assert.deepEqual(told(SENT, [delivered]), { arrived: 1, heard: 1 });
  assert.deepEqual(told([...SENT, delivered], [reported('delivered', at + 1, { foundBy: 'poll' })]), { found: 1 });
});

test('a server that refuses bounces it, also where it is tried again', () => {
  assert.deepEqual(told(SENT, [failed(at, 'retry')]), { bounced: 1, heard: 1 });
  assert.deepEqual(told(SENT, [failed(at, 'stop')]), { bounced: 1, lost: 1, heard: 1 });
});

test('what Mailgun drops by its own list reached no server', () => {
  const dropped = failed(at, 'stop', { bounce: bounce({ code: 605, reason: 'suppress-bounce' }) });
  assert.deepEqual(told(SENT, [dropped]), { lost: 1, heard: 1 });
});

test('mail that is put off again and again is put off once', () => {
  const deferred = reported('deferred', at);
  assert.deepEqual(told(SENT, [deferred]), { deferred: 1, heard: 1 });
  assert.deepEqual(told([...SENT, deferred], [reported('deferred', at + MINUTE)]), { heard: 1 });
});

test('what is given up is lost, and a complaint is one', () => {
  assert.deepEqual(told(SENT, [ended(1, at, 'expired', 'useful_life_over')]), { lost: 1 });
  assert.deepEqual(told([...SENT, delivered], [reported('complained', at)]), { complained: 1, heard: 1 });
});

test('a hand-over tells nothing', () => {
  assert.equal(signsOf({ facts: SENT, before: null, after: fold(birth(), SENT) }), null);
});

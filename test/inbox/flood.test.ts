import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '../../src/base/meter.ts';
import { MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { floodWatch } from '../../src/inbox/jobs.ts';

const STEP = SECOND / 10;

test('many webhooks are a flood for a minute, and then the usual, until there were few', () => {
  let at = 0;
  const kept = createMeter(() => at);
  const isFlood = floodWatch({ kept, monotonic: () => at });
  /** How long it was a flood while so many came in a second. */
  const flooded = (perSecond: number, lasts: Ms): Ms => {
    let sum = 0;
    for (const end = at + lasts; at < end; at += STEP) {
      kept.add((perSecond * STEP) / SECOND);
      if (isFlood()) sum += STEP;
    }
    return sum;
  };
  assert.equal(flooded(900, MINUTE), 0);
  const first = flooded(3000, 5 * MINUTE);
  assert.ok(first > MINUTE - SECOND && first <= MINUTE, `it was one for ${first} ms`);
  assert.equal(flooded(3000, MINUTE), 0);
  flooded(100, SECOND);
  assert.ok(flooded(3000, SECOND) > 0, 'another one');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '../../src/base/meter.ts';

test('a rate is that of the moment, and is over soon', () => {
  let now = 0;
  const meter = createMeter(() => now);
  assert.equal(meter.perSecond(), 0);
  meter.add(50);
  assert.equal(meter.perSecond(), 250);
  now = 250;
  assert.equal(meter.perSecond(), 250, 'the moment before still counts');
  meter.add(10);
  now = 450;
  assert.equal(meter.perSecond(), 50);
  now = 5000;
  assert.equal(meter.perSecond(), 0);
});

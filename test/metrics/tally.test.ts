import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expose } from '../../src/metrics/expose.ts';
import { createTally, joined } from '../../src/metrics/tally.ts';
import { valuesIn } from './support.ts';

test('counts and times of two threads are added up, and times stand in buckets up to their bounds', async () => {
  const [one, other] = [createTally(), createTally()];
  one.count('doubles_total', ['possible'], 2);
  other.count('doubles_total', ['possible']);
  other.count('doubles_total', ['certain'], 0);
  one.time('hand_over_seconds', ['mailgun', 'accepted'], 0.05);
  other.time('hand_over_seconds', ['mailgun', 'accepted'], 0.06);
  other.time('hand_over_seconds', ['mailgun', 'accepted'], 31);
  const values = valuesIn((await expose(joined([one.read(), other.read()]))).text);
  const ofCalls = (part: string, more = '') =>
    values.get(`homing_hand_over_seconds_${part}{${more}provider="mailgun",answer="accepted"}`);
  assert.equal(values.get('homing_doubles_total{kind="possible"}'), 3);
  assert.equal(values.get('homing_doubles_total{kind="certain"}'), 0);
  assert.equal(ofCalls('bucket', 'le="0.05",'), 1);
  assert.equal(ofCalls('bucket', 'le="0.1",'), 2);
  assert.equal(ofCalls('bucket', 'le="30",'), 2);
  assert.equal(ofCalls('bucket', 'le="+Inf",'), 3);
  assert.equal(ofCalls('count'), 3);
  assert.equal(ofCalls('sum'), 31.11);
});

test('what was read does not change with what is counted after it', () => {
  const tally = createTally();
  tally.time('hand_over_seconds', ['mailgun', 'accepted'], 1);
  const before = tally.read();
  const copy = structuredClone(before);
  tally.time('hand_over_seconds', ['mailgun', 'accepted'], 1);
  assert.deepEqual(before, copy);
});

test('should labels ever have values without end, a metric stays within bounds', () => {
  const tally = createTally();
  for (let n = 0; n < 5000; n++) tally.count('doubles_total', [`kind ${n}`]);
  assert.equal(tally.read().samples.length, 1000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REFUSALS } from '../../src/core/answer.ts';
import { isReason, REASONS, type Reason, readEnd, readWait } from '../../src/core/reason.ts';
import { CAUSES } from '../../src/core/verdict.ts';

test('every cause is a reason, and so is every refusal as one', () => {
  for (const reason of [...CAUSES, ...REFUSALS.map((why) => `refused_${why}`)]) assert.ok(isReason(reason), reason);
  assert.equal(new Set(REASONS).size, REASONS.length, 'each is there once');
});

test('a reason fits its column and is one word, as the figures are kept by it', () => {
  for (const reason of REASONS) assert.match(reason, /^[a-z_]{1,64}$/);
});

const ENDS: [state: string, stored: string, reason: Reason, said?: string][] = [
  ['abandoned', 'storage_gone', 'storage_gone'],
  ['failed', 'refused_invalid', 'refused_invalid'],
  ['cancelled', 'superseded', 'superseded'],
  ['cancelled', 'by_operator', 'by_operator'],
  ['cancelled', 'by the application', 'by_application'],
  ['cancelled', 'by api', 'by_application', 'by api'],
  ['cancelled', 'by ann (command line)', 'by_operator', 'by ann (command line)'],
  ['cancelled', 'by the command line', 'by_operator', 'by the command line'],
  ['cancelled', 'the user has reset it', 'by_application', 'the user has reset it'],
  ['cancelled', 'by mistake', 'by_application', 'by mistake'],
  ['abandoned', 'of another time', 'unknown', 'of another time'],
];

for (const [state, stored, reason, said] of ENDS)
  test(`an end that is stored as "${state}, ${stored}" is read as ${reason}`, () => {
    assert.deepEqual(readEnd(state, stored), said === undefined ? { reason } : { reason, said });
  });

test('a wait that is stored as a sentence keeps it', () => {
  assert.deepEqual(readWait('ip_block'), { why: 'ip_block' });
  assert.deepEqual(readWait('the provider does not know it yet'), {
    why: 'unknown',
    detail: 'the provider does not know it yet',
  });
});

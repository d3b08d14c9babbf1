import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { renewing } from '../../src/base/renewing.ts';

/** Resolves at the third call. */
function third() {
  let calls = 0;
  let open = () => {};
  const reached = new Promise<void>((resolve) => {
    open = resolve;
  });
  const count = () => {
    if (++calls === 3) open();
  };
  return { count, reached };
}

test('a claim is renewed for as long as the work takes, also after a renewal that failed', async () => {
  const { count, reached } = third();
  const renew = async () => {
    count();
    throw new Error('the database is away');
  };
  const answer = await renewing({ lease: 3, renew }, async (lost) => {
    await reached;
    return lost.aborted;
  });
  assert.equal(answer, false, 'and a failure is no sign that somebody else has it');
});

test('work whose claim is lost is told so', async () => {
  await renewing({ lease: 3, renew: async () => false }, (lost) => once(lost, 'abort'));
});

test('an error of the work is thrown when no renewal is under way any more', async () => {
  const { count, reached } = third();
  const work = async () => {
    await reached;
    throw new Error('the work broke');
  };
  const renew = async () => {
    count();
    return true;
  };
  await assert.rejects(renewing({ lease: 3, renew }, work), /the work broke/);
});

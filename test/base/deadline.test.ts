import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { sooner, within } from '../../src/base/deadline.ts';

/** The timer of a deadline alone keeps no process alive. */
async function passed(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 1000);
  if (!signal.aborted) await once(signal, 'abort');
  clearInterval(alive);
}

test('a deadline takes any length: parts of a millisecond, none, and less than none', async () => {
  for (const ms of [0.7, 0, -3.2]) {
    const { signal, at } = within(ms);
    await passed(signal);
    assert.ok(at <= performance.now() + 1, `${ms} ms`);
  }
});

test('of two deadlines the sooner one counts', async () => {
  const far = within(60_000);
  const near = sooner(1, far);
  await passed(near.signal);
  assert.ok(near.at < far.at && !far.signal.aborted);
  assert.equal(sooner(120_000, far).at, far.at);
});

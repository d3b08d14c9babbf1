import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistent } from '../../src/client/persistent.ts';

/** Work whose ends are in the hands of the test. */
function heldWork() {
  const runs: { end: () => void; fail: () => void }[] = [];
  let began: (() => void) | null = null;
  const work = () =>
    new Promise<void>((resolve, reject) => {
      runs.push({ end: resolve, fail: () => reject(new Error('held')) });
      began?.();
    });
  const begun = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => runs.length >= count && resolve();
      began = look;
      look();
    });
  return { work, runs, begun };
}

test('what comes up while the work is under way gets a run of its own', { timeout: 60_000 }, async (t) => {
  const { work, runs, begun } = heldWork();
  const { now, later } = persistent(work, 1);
  void now();
  await begun(1);
  later(0);
  await new Promise((resolve) => setTimeout(resolve, 5)); // the time that was asked for is over, and it is still held
  assert.equal(runs.length, 1, 'never twice at once');
  const keepAlive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(keepAlive));
  runs[0]?.end();
  await begun(2);
  runs[1]?.fail();
  await begun(3);
  runs[2]?.end();
});

test('once stopped it does not begin by itself', async () => {
  const { work, runs, begun } = heldWork();
  const { now, later, ended, stop } = persistent(work, 1);
  void now();
  await begun(1);
  later(0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  stop();
  runs[0]?.end();
  await ended();
  await new Promise(setImmediate);
  assert.equal(runs.length, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBell, every } from '../../src/base/loop.ts';
import { DAY } from '../../src/core/time.ts';
import { logInto } from '../support/homing.ts';

/** Lets what is ready happen. */
const turn = () => new Promise(setImmediate);

test('a step that always finds work lets other things happen', async () => {
  const stopping = new AbortController();
  let steps = 0;
  setImmediate(() => stopping.abort());
  const step = async () => ++steps;
  await every('busy', step, { pause: DAY, signal: stopping.signal, log: logInto([]) });
  assert.ok(steps > 0);
});

test('a step that fails is told of and tried again after the pause, not before', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stopping = new AbortController();
  const lines: string[] = [];
  let steps = 0;
  const step = async () => {
    if (++steps === 1) throw new Error('the database is away');
    stopping.abort();
    return 0;
  };
  const ended = every('failing', step, { pause: DAY, signal: stopping.signal, log: logInto(lines) });
  while (lines.length === 0) await turn();
  t.mock.timers.tick(DAY - 1);
  await turn();
  assert.equal(steps, 1);
  t.mock.timers.tick(1);
  await ended;
  assert.equal(steps, 2);
  assert.match(lines.join(), /"step":"failing".*tried again/);
});

test('a bell that rang before anybody waited is heard, once', async () => {
  const stopping = new AbortController();
  const bell = createBell();
  bell.ring();
  await bell.wait(DAY, stopping.signal);
  let woken = false;
  const waiting = bell.wait(DAY, stopping.signal).then(() => {
    woken = true;
  });
  await turn();
  assert.equal(woken, false);
  bell.ring();
  await waiting;
});

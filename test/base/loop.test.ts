import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBell, every } from '../../src/base/loop.ts';
import { logInto } from '../support/homing.ts';

test('a step that always finds work lets other things happen', async () => {
  const stopping = new AbortController();
  let steps = 0;
  setTimeout(() => stopping.abort(), 1);
  const step = async () => ++steps;
  await every('busy', step, { pause: 1, signal: stopping.signal, log: logInto([]) });
  assert.ok(steps > 0);
});

test('a step that fails is told of and tried again after the pause', async () => {
  const stopping = new AbortController();
  const lines: string[] = [];
  let steps = 0;
  const step = async () => {
    if (++steps === 1) throw new Error('the database is away');
    stopping.abort();
    return 0;
  };
  await every('failing', step, { pause: 1, signal: stopping.signal, log: logInto(lines) });
  assert.equal(steps, 2);
  assert.match(lines.join(), /"step":"failing".*tried again/);
});

test('a bell that rang before anybody waited is heard, once', async () => {
  const stopping = new AbortController();
  const bell = createBell();
  bell.ring();
  await bell.wait(24 * 3600 * 1000, stopping.signal);
  let woken = false;
  const waiting = bell.wait(24 * 3600 * 1000, stopping.signal).then(() => {
    woken = true;
  });
  await new Promise(setImmediate);
  assert.equal(woken, false);
  bell.ring();
  await waiting;
});

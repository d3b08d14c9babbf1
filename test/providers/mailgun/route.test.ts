import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../../../src/base/deadline.ts';
import { MINUTE, SECOND } from '../../../src/core/time.ts';
import type { Exchanged } from '../../../src/providers/common/exchange.ts';
import { createRoute } from '../../../src/providers/mailgun/route.ts';
import { clockAt } from '../../support/clock.ts';

const said = (status: number, headers: Record<string, string> = {}, body = '{}'): Exchanged => {
  return { kind: 'reply', status, headers, body: Buffer.from(body), whole: true };
};
const BUSY = said(429, { 'retry-after': '30' });

function start() {
  const clock = clockAt();
  const route = createRoute(clock);
  const soon = () => within(1000);
  return { clock, route, soon };
}

test('what one call is told, the others keep to', async () => {
  const { clock, route, soon } = start();
  assert.equal(await route.enter('mail', soon()), 0);
  route.heard('mail', BUSY);
  assert.equal(await route.enter('mail', soon()), 30 * SECOND);
  assert.equal(await route.enter('questions', soon()), 30 * SECOND);
  clock.advance(30 * SECOND);
  assert.equal(await route.enter('questions', soon()), 0);
});

test('mail does not wait because too many questions were asked', async () => {
  const { route, soon } = start();
  route.heard('questions', BUSY);
  assert.equal(await route.enter('questions', soon()), 30 * SECOND);
  assert.equal(await route.enter('mail', soon()), 0);
});

test('after the wait one call tries it, and the others wait for what it hears', async () => {
  const { clock, route, soon } = start();
  route.heard('mail', BUSY);
  clock.advance(30 * SECOND);
  assert.equal(await route.enter('mail', soon()), 0);
  const others = [route.enter('mail', soon()), route.enter('mail', soon())];
  route.heard('mail', BUSY);
  assert.deepEqual(await Promise.all(others), [30 * SECOND, 30 * SECOND]);
  clock.advance(30 * SECOND);
  assert.equal(await route.enter('mail', soon()), 0);
  const more = [route.enter('mail', soon()), route.enter('mail', soon())];
  route.heard('mail', said(200));
  assert.deepEqual(await Promise.all(more), [0, 0]);
});

test('a call whose time is over does not wait for that of another', async () => {
  const { clock, route } = start();
  route.heard('mail', BUSY);
  clock.advance(30 * SECOND);
  assert.equal(await route.enter('mail', within(5000)), 0);
  const over = new AbortController();
  setTimeout(() => over.abort(), 20);
  assert.equal(await route.enter('mail', { signal: over.signal, at: performance.now() + 20 }), 0);
});

for (const [words, exchanged, wait] of [
  ['a 429 that names no time', said(429), 5 * SECOND],
  ['a 429 that names a day', said(429, { 'retry-after': '86400' }), 10 * MINUTE],
  ['a 400 about a limit', said(400, {}, '{"message":"limit exceeded, try again after 20 seconds"}'), 20 * SECOND],
  ['a 503 with a time', said(503, { 'retry-after': '7' }), 7 * SECOND],
  ['a 503 without one', said(503), 0],
  ['a 400 about the message', said(400, {}, '{"message":"to parameter is missing"}'), 0],
  ['silence', { kind: 'silence', begun: true, why: 'ECONNRESET' }, 0],
] as const)
  test(`after ${words} it is left alone for ${wait} ms`, async () => {
    const { route, soon } = start();
    route.heard('mail', exchanged);
    assert.equal(await route.enter('mail', soon()), wait);
  });

test('calls that were under way together, and are all told to wait, make the wait no longer', async () => {
  const { clock, route, soon } = start();
  for (let n = 0; n < 64; n++) assert.equal(await route.enter('mail', soon()), 0);
  for (let n = 0; n < 60; n++) route.heard('mail', said(429));
  for (let n = 0; n < 4; n++) route.heard('mail', said(200));
  assert.equal(await route.enter('mail', soon()), 5 * SECOND);
  clock.advance(5 * SECOND);
  assert.equal(await route.enter('mail', soon()), 0);
  const other = route.enter('mail', soon());
  route.heard('mail', said(429));
  assert.equal(await other, 10 * SECOND, 'one call tried it, and was told to wait again');
});

test('the wait grows when it is told again and again without a time', async () => {
  const { clock, route, soon } = start();
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    route.heard('questions', said(429));
    waits.push(await route.enter('questions', soon()));
    clock.advance(waits[n] ?? 0);
  }
  assert.deepEqual(
    waits,
    [5, 10, 20, 40].map((s) => s * SECOND),
  );
});

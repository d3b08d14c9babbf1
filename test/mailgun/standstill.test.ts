import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECOND } from '../../src/core/time.ts';
import { createGate } from '../../src/gate.ts';
import { callIn, createStandstills, type Lane } from '../../src/mailgun/standstill.ts';
import { clockAt } from '../support/clock.ts';

const D = 'mg.example.com';
const LANES: readonly Lane[] = ['send', 'repost', 'copy', 'ask'];

const CALLS: readonly [string, string, Lane, string][] = [
  ['POST', `/v3/${D}/messages`, 'send', D],
  ['POST', `/v3/${D}/messages.mime`, 'send', D],
  ['POST', `/proxy/v3/${D}/messages`, 'send', D],
  ['POST', `/v3/domains/${D}/messages/key==`, 'repost', D],
  ['POST', `/v2/domains/${D}/messages/key`, 'repost', D],
  ['GET', `/v3/domains/${D}/messages/key`, 'copy', D],
  ['GET', `/v3/${D}/events`, 'ask', D],
  ['DELETE', `/v3/${D}/bounces/anna%40example.com`, 'ask', D],
  ['GET', `/v4/domains/${D}`, 'ask', D],
  ['POST', '/v1/analytics/logs', 'ask', '*'],
  ['GET', '/v5/accounts/http_signing_key', 'ask', '*'],
  ['GET', '/v3/domains', 'ask', '*'],
  ['GET', '/', 'ask', '*'],
];

for (const [method, path, lane, domain] of CALLS)
  test(`${method} ${path} is a call of the kind ${lane}`, () =>
    assert.deepEqual(callIn(method, path), { lane, domain }));

/** The lanes that are closed after one answer to a call. */
function closedBy(lane: Lane, status: number, message = 'no', headers: Record<string, string> = {}) {
  const clock = clockAt();
  const standstills = createStandstills(createGate({ now: clock, pause: 30 * SECOND }));
  const body = Buffer.from(JSON.stringify({ message }));
  standstills.learn({ lane, domain: D }, { kind: 'reply', status, headers, body, whole: true });
  const waits = LANES.map((each) => [each, standstills.until(each, D.toUpperCase())] as const);
  assert.equal(standstills.until(lane, 'other.example.com'), null);
  return Object.fromEntries(waits.flatMap(([each, at]) => (at === null ? [] : [[each, (at - clock()) / SECOND]])));
}

test('who sends too fast neither sends nor asks until the time that was named is over; copies can be had', () => {
  for (const status of [420, 429])
    assert.deepEqual(closedBy('send', status, 'slow down', { 'retry-after': '120' }), {
      send: 120,
      repost: 120,
      ask: 120,
    });
  assert.deepEqual(closedBy('repost', 429), { send: 30, repost: 30, ask: 30 });
  assert.deepEqual(closedBy('send', 400, 'recipient limit exceeded'), { send: 30, repost: 30, ask: 30 });
});

test('who asks too often may still send', () => {
  assert.deepEqual(closedBy('ask', 429, 'slow down', { 'retry-after': '60' }), { ask: 60 });
});

test('trouble of the account closes what it was met with: a key that may not read may still send', () => {
  for (const status of [401, 402, 403]) {
    assert.deepEqual(closedBy('ask', status), { ask: 30 });
    assert.deepEqual(closedBy('send', status), { send: 30 });
  }
  assert.deepEqual(closedBy('repost', 404, 'Domain not found: mg.example.com'), { repost: 30 });
});

test('an answer about one message closes nothing', () => {
  for (const [status, message] of [
    [200, 'Queued. Thank you.'],
    [400, "'to' parameter is not a valid address"],
    [404, 'Message not found'],
    [404, 'Address not found in bounces table'],
    [405, 'no'],
    [413, 'too large'],
    [500, 'rate limit exceeded'],
  ] as const)
    for (const lane of LANES) assert.deepEqual(closedBy(lane, status, message), {}, `${status} ${message}`);
});

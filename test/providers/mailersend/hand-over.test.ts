import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../../../src/base/deadline.ts';
import { MINUTE, SECOND } from '../../../src/core/time.ts';
import type { Misbehaviour } from '../../../src/lab/sim/misbehave.ts';
import { mailOf, PLAIN, RECIPIENT, start, TOKEN } from './support.ts';

const SOON = () => within(10_000);

test('a mail is handed over in one call, with the token, and known by the id in the answer', async (t) => {
  const { sim, provider } = await start(t);
  const answer = await provider.handOver(mailOf(PLAIN), SOON());
  assert.deepEqual(answer, { kind: 'accepted', messageId: sim.mails[0]?.id, detail: '202: queued' });
  const { to, subject, tags } = sim.mails[0]?.email ?? {};
  assert.deepEqual([to, subject, tags], [[{ email: RECIPIENT, name: 'Ann' }], 'Hi', ['homing-01MESSAGE']]);
  const { authorization, accept } = sim.requests[0]?.headers ?? {};
  assert.deepEqual([authorization, accept], [`Bearer ${TOKEN}`, 'application/json']);
});

test('a mail keeps its headers where the URL says that the plan allows it', async (t) => {
  const { sim, provider } = await start(t, {}, '&headers=1');
  await provider.handOver(mailOf(`X-Campaign: 7\n${PLAIN}`), SOON());
  assert.deepEqual(sim.mails[0]?.email.headers, [{ name: 'X-Campaign', value: '7' }]);
});

test('a mail that can not be the same mail there is refused before anybody is asked', async (t) => {
  const { sim, provider } = await start(t);
  const mime = PLAIN.replace('Subject', 'Content-Type: multipart/signed; boundary=s\nSubject');
  const answer = await provider.handOver(mailOf(mime), SOON());
  assert.equal(answer.kind === 'refused' && answer.why, 'invalid');
  assert.deepEqual(sim.requests, []);
});

test('an address that MailerSend does not send to is refused for good, though it is answered with a 202', async (t) => {
  const { sim, provider } = await start(t);
  sim.suppressed.set(RECIPIENT, 'hard_bounced');
  const answer = await provider.handOver(mailOf(PLAIN), SOON());
  assert.equal(answer.kind === 'refused' && answer.why, 'permanent', JSON.stringify(answer));
  assert.equal(sim.mails.length, 0);
});

test('a domain whose sending is paused has the mail all the same', async (t) => {
  const { sim, provider } = await start(t);
  sim.isPaused = true;
  const answer = await provider.handOver(mailOf(PLAIN), SOON());
  assert.match(answer.kind === 'accepted' ? answer.detail : '', /sending is paused/);
});

test('a sender that is not verified is the fault of the account, and another provider may take the mail', async (t) => {
  const { sim, provider } = await start(t, { domains: ['other.example'] });
  const answer = await provider.handOver(mailOf(PLAIN), SOON());
  assert.equal(answer.kind === 'refused' && answer.why, 'account');
  assert.match(answer.detail, /422: The from.email domain must be verified/);
  assert.equal(sim.mails.length, 0);
});

test('maintenance and too many calls are waits, as long as MailerSend asks for', async (t) => {
  const { sim, provider } = await start(t);
  sim.maintenance(true);
  const inMaintenance = await provider.handOver(mailOf(PLAIN), SOON());
  assert.deepEqual([inMaintenance.kind, 'why' in inMaintenance && inMaintenance.why], ['refused', 'busy']);
  assert.equal('retryAfter' in inMaintenance && inMaintenance.retryAfter, MINUTE);
  sim.maintenance(false);
  sim.callsLeft = 0;
  const tooMany = await provider.handOver(mailOf(PLAIN), SOON());
  assert.equal('retryAfter' in tooMany && tooMany.retryAfter, 30 * SECOND);
  assert.equal(sim.mails.length, 0);
});

const LATER = '{"message":"Service isn\'t available, try again later"}';

/** What it answers, and what that means; `null` for what nobody can tell. */
const ANSWERS: readonly [name: string, how: Misbehaviour, why: string | null, wait?: number][] = [
  ['a wrong token', { status: 401, body: '{"message":"Unauthenticated."}' }, 'account'],
  ['an account that is switched off', { status: 403, body: '{"message":"#MS40304"}' }, 'account'],
  ['a quota', { status: 422, body: '{"message":"x","errors":{"a":["quota limit. #MS42204"]}}' }, 'account'],
  ['a mail that is wrong', { status: 422, body: '{"message":"x","errors":{"a":["no text. #MS42211"]}}' }, 'invalid'],
  ['a page in place of data', { status: 422, body: '<html>no</html>' }, 'busy'],
  ['too many, without a word of when', { status: 429, body: '{}' }, 'busy'],
  ['maintenance with a time', { status: 421, body: LATER, headers: { 'Retry-After': '120' } }, 'busy', 2 * MINUTE],
  ['a 503 that says later', { status: 503, body: LATER }, 'busy', MINUTE],
  ['a 503 with a time', { status: 503, body: '{}', headers: { 'Retry-After': '5' } }, 'busy', 5 * SECOND],
  ['a 503 of an edge', { status: 503, body: '<html>no</html>' }, 'busy'],
  ['a 503 that says nothing', { status: 503, body: '{"message":"error"}', work: true }, null],
  ['a 500', { status: 500, work: true }, null],
  ['a 408', { status: 408, work: true }, null],
  ['a 200', { status: 200, body: '{}', work: true }, null],
  ['a 202 without an id', { status: 202, body: '', work: true }, null],
  ['an answer that broke off', { like: 'garbage', work: false }, null],
];

for (const [name, how, why, wait] of ANSWERS)
  test(`${name} means ${why ?? 'that nobody knows'}`, async (t) => {
    const { sim, provider } = await start(t);
    sim.misbehave(() => true, how);
    const answer = await provider.handOver(mailOf(PLAIN), SOON());
    assert.equal(answer.kind, why === null ? 'unanswered' : 'refused', JSON.stringify(answer));
    if (answer.kind === 'refused') assert.deepEqual([answer.why, answer.retryAfter], [why, wait]);
    assert.ok(sim.mails.length <= 1 && sim.requests.length === 1, 'it is asked once');
  });

test('the token is in no answer, whatever page shows it', async (t) => {
  const { sim, provider } = await start(t);
  sim.misbehave(() => true, { status: 403, body: `<p>Bearer ${TOKEN}` });
  assert.doesNotMatch((await provider.handOver(mailOf(PLAIN), SOON())).detail, /mlsn/);
});

test('a token is tried without sending, also one that may only send', async (t) => {
  const { sim, provider } = await start(t);
  sim.misbehave((request) => request.method === 'GET', { status: 401, body: '{"message":"Unauthenticated."}' }, 1);
  assert.deepEqual(await provider.verify?.(), { ok: false, detail: '401: Unauthenticated.' });
  assert.deepEqual(await provider.verify?.(), { ok: true });
  const sending = await start(t, { mayOnlySend: true });
  assert.deepEqual(await sending.provider.verify?.(), { ok: true });
  assert.deepEqual(sim.mails, []);
});

test('whoever asks every few seconds whether all is well costs a call a minute, and is told anew that it is not', async (t) => {
  const { sim, provider, clock } = await start(t);
  for (let n = 0; n < 12; n++) {
    assert.equal((await provider.verify?.())?.ok, true);
    clock.advance(10 * SECOND);
  }
  assert.equal(sim.requests.length, 2);
  sim.maintenance(true);
  for (let n = 0; n < 3; n++) assert.equal((await provider.verify?.())?.ok, false);
  assert.equal(sim.requests.length, 5);
});

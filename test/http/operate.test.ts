import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../src/core/delivery.ts';
import { endedFact } from '../../src/core/ended.ts';
import type { Report } from '../../src/core/sighting.ts';
import { HOUR, MINUTE, type Ms } from '../../src/core/time.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import type { View } from '../../src/store/rows/rows.ts';
import * as past from '../support/factory.ts';
import { DOMAIN, get, post, type Running, SENT, start } from './support.ts';

const TWO = { ...SENT, to: ['ann@example.org', 'bob@example.org'] };

/** In the order of their recipients. */
async function viewsOf(running: Running, id: string): Promise<View[]> {
  const views = (await findMessage(running.store, id))?.views ?? [];
  return views.sort((a, b) => (a.recipient < b.recipient ? -1 : 1));
}

async function told(running: Running, id: string, recipient: string | null, fact: (view: View) => Fact): Promise<void> {
  const views = (await viewsOf(running, id)).filter((v) => recipient === null || v.recipient === recipient);
  const ids = views.map((v) => v.id);
  await change(running.store, ids, running.clock(), (view) => [fact(view)]);
}

const reported = (report: Report, at: Ms): Fact => past.reported(report, at, { messageId: `one@${DOMAIN}` });

const states = async (running: Running, id: string): Promise<string[]> =>
  (await viewsOf(running, id)).map((v) => v.delivery.state);

async function sent(running: Running, body: unknown = TWO): Promise<string> {
  return String((await post(running, '/api/messages', body)).body['id']);
}

type Shown = { id: string; deliveries: { reason: string | null; explanation?: string }[] };

const audits = (running: Running) => running.store.db('audit').orderBy('id').select('who', 'what', 'subject');

test('cancelling ends what is open, once, and is audited', async (t) => {
  const running = await start(t);
  const id = await sent(running);
  await told(running, id, 'bob@example.org', () => reported('delivered', running.clock()));
  const path = `/api/messages/${id}/cancel`;
  assert.equal((await post(running, path, { reason: 'the user has reset it' })).body['cancelled'], 1);
  assert.equal((await post(running, path)).body['cancelled'], 0);
  const [ann, bob] = await viewsOf(running, id);
  const { state, reason, said } = ann?.delivery ?? {};
  assert.deepEqual([state, reason, said], ['cancelled', 'by_application', 'the user has reset it']);
  assert.equal(bob?.delivery.state, 'delivered');
  assert.deepEqual(await audits(running), [{ who: 'api', what: 'cancel', subject: id }]);
  assert.equal((await running.store.db('due').select('*')).length, 0);
});

test('the reason that was given for a cancel is the one that is shown', async (t) => {
  const running = await start(t);
  const id = await sent(running, SENT);
  const bare = await sent(running, { ...SENT, messageId: `two@${DOMAIN}` });
  await post(running, `/api/messages/${id}/cancel`, { reason: 'the user has reset it' });
  await post(running, `/api/messages/${bare}/cancel`);
  const listed = (await get(running, '/api/messages')).body['messages'] as Shown[];
  for (const [which, reason, words] of [
    [id, 'the user has reset it', 'the user has reset it'],
    [bare, 'by_application', 'by the application'],
  ] as const) {
    const detail = (await get(running, `/api/messages/${which}`)).body as Shown;
    for (const shown of [detail, listed.find((m) => m.id === which)])
      assert.equal(shown?.deliveries[0]?.reason, reason);
    assert.equal(detail.deliveries[0]?.explanation, `It was cancelled: ${words}. Homing sends no more of it.`);
  }
});

test('one recipient can be cancelled and the others left', async (t) => {
  const running = await start(t);
  const id = await sent(running);
  const { body } = await post(running, `/api/messages/${id}/cancel`, { recipient: 'BOB@example.org' });
  assert.equal(body['cancelled'], 1);
  assert.deepEqual(await states(running, id), ['accepted', 'cancelled']);
});

test('a retry opens what has ended without arriving, and makes it due at once with new tries and a new life', async (t) => {
  const running = await start(t);
  const id = await sent(running);
  await told(running, id, 'bob@example.org', () => reported('delivered', running.clock()));
  running.clock.advance(30 * HOUR);
  await told(running, id, 'ann@example.org', (view) => endedFact(view, 'abandoned', 'ip_block', running.clock()));
  const now = running.clock.advance(MINUTE);
  const reply = await post(running, `/api/messages/${id}/retry`);
  assert.deepEqual([reply.status, reply.body], [200, { reopened: 1 }]);
  const [ann, bob] = await viewsOf(running, id);
  assert.equal(ann?.delivery.state, 'queued');
  assert.equal(ann?.delivery.nextAt, now);
  assert.equal(ann?.delivery.budget, (ann?.birth.policy.maxAttempts ?? 0) + 1);
  assert.ok((ann?.delivery.usefulUntil ?? 0) > now);
  assert.equal(bob?.delivery.state, 'delivered');
  assert.deepEqual(await running.store.db('due').select('delivery_id', 'at'), [{ delivery_id: ann?.id, at: now }]);
  assert.deepEqual(await audits(running), [{ who: 'api', what: 'retry', subject: id }]);
  const listed = (await get(running, '/api/messages?state=queued')).body['messages'] as { id: string }[];
  assert.deepEqual(
    listed.map((m) => m.id),
    [id],
  );
});

test('a retry of what was held until tomorrow is due now', async (t) => {
  const running = await start(t);
  const id = await sent(running, SENT);
  const held = { kind: 'held' as const, attempt: 1, about: 'accepted' as const, why: 'nothing_heard' as const };
  await told(running, id, null, () => ({
    ...held,
    key: 'held:1',
    at: running.clock(),
    until: running.clock() + 24 * HOUR,
  }));
  await post(running, `/api/messages/${id}/cancel`);
  const now = running.clock.advance(MINUTE);
  await post(running, `/api/messages/${id}/retry`);
  const [view] = await viewsOf(running, id);
  assert.equal(view?.delivery.nextAt, now);
});

test('what is open or has arrived can not be retried: 409 with a sentence, and nothing changes', async (t) => {
  const running = await start(t);
  const id = await sent(running);
  const open = await post(running, `/api/messages/${id}/retry`);
  assert.equal(open.status, 409);
  assert.match(String(open.body['error']), /nothing can be sent again/);
  assert.equal((await post(running, `/api/messages/${id}/resend`, { force: true })).status, 409);
  await told(running, id, null, () => reported('delivered', running.clock()));
  assert.equal((await post(running, `/api/messages/${id}/retry`)).status, 409);
  assert.deepEqual(await states(running, id), ['delivered', 'delivered']);
  assert.deepEqual(await audits(running), []);
});

test('resending sends what has arrived once more, and a proof about the first try does not end the second', async (t) => {
  const running = await start(t);
  const id = await sent(running);
  await told(running, id, null, () => reported('delivered', running.clock()));
  const reply = await post(running, `/api/messages/${id}/resend`, { recipient: 'ann@example.org', force: true });
  assert.deepEqual([reply.status, reply.body], [200, { result: 'resent', reopened: 1 }]);
  assert.deepEqual(await states(running, id), ['queued', 'delivered']);
  await told(running, id, 'ann@example.org', () => reported('opened', running.clock() + 1));
  assert.deepEqual(await states(running, id), ['queued', 'delivered']);
  const at = running.clock.advance(MINUTE);
  await told(running, id, 'ann@example.org', () => past.claimed(2, at));
  assert.deepEqual(await states(running, id), ['sending', 'delivered']);
  await told(running, id, 'ann@example.org', () => reported('delivered', at + 1));
  assert.deepEqual(await states(running, id), ['delivered', 'delivered']);
});

test('proof of arrival that comes after a retry was asked for still wins', async (t) => {
  const running = await start(t);
  const id = await sent(running, SENT);
  await post(running, `/api/messages/${id}/cancel`);
  await post(running, `/api/messages/${id}/retry`);
  assert.deepEqual(await states(running, id), ['queued']);
  await told(running, id, null, () => reported('delivered', running.clock()));
  assert.deepEqual(await states(running, id), ['delivered']);
});

test('two retries at once open a delivery once', async (t) => {
  const running = await start(t);
  const id = await sent(running, SENT);
  await post(running, `/api/messages/${id}/cancel`);
  const path = `/api/messages/${id}/retry`;
  const replies = await Promise.all([post(running, path), post(running, path)]);
  assert.deepEqual(replies.map((r) => r.status).sort(), [200, 409]);
});

test('an unknown message or recipient is 404, and a wrong wish is 400', async (t) => {
  const running = await start(t);
  const id = await sent(running);
  for (const what of ['cancel', 'retry', 'resend']) {
    assert.equal((await post(running, `/api/messages/nothing/${what}`)).status, 404);
    const stranger = await post(running, `/api/messages/${id}/${what}`, { recipient: 'eve@example.org' });
    assert.equal(stranger.status, 404);
    assert.doesNotMatch(JSON.stringify(stranger.body), /eve@/);
    for (const wish of [[], 'all', { recipient: 'nobody' }, { recipient: 7 }, { recipients: ['ann@example.org'] }]) {
      assert.equal((await post(running, `/api/messages/${id}/${what}`, wish)).status, 400, JSON.stringify(wish));
    }
  }
  assert.equal((await post(running, `/api/messages/${id}/cancel`, { reason: 'x'.repeat(65) })).status, 400);
  assert.deepEqual(await states(running, id), ['accepted', 'accepted']);
});

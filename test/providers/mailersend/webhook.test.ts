import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { Sighting } from '../../../src/core/sighting.ts';
import { tagOf } from '../../../src/providers/mailersend/tag.ts';
import { openWebhook, reopen } from '../../../src/providers/mailersend/webhook.ts';

const SECRET = 'PnzMUKGNoNUPwuHj4yythmoI7h6teiC2';
const RECIPIENT = 'ann@example.net';
const hmacOf = (body: string, secret: string) => createHmac('sha256', secret).update(body).digest('hex');

const open = (body: string, signature: string, secrets: readonly string[] = [SECRET]) =>
  openWebhook(Buffer.from(body), { signature }, secrets);
const signed = (body: object | string, secret = SECRET) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return open(text, hmacOf(text, secret));
};

/** Signed by `openssl dgst -sha256 -hmac`. */
const VECTOR =
  '{"type":"activity.delivered","created_at":"2026-11-25T08:00:00.123456Z","data":{"id":"6a1","message_id":"6a0","recipient":"ann@example.net","url":"https:\\/\\/x"}}';
const SIGNATURE = '1ed9aae876cef7f87e849cbb300b69e3e6723599996e36f5041526733c511fc7';
const PING =
  '{"type":"webhook.test","message":"This is a ping test message","created_at":"2026-11-25T08:00:00.000000Z"}';
const PING_SIGNATURE = 'af41ba317239e8065d7e1265327eaf51afe36a4ca8c01881065e1f841ce7a54f';

test('the signature is of the bytes that were posted', () => {
  assert.equal(open(VECTOR, SIGNATURE).kind, 'events');
  assert.equal(open(JSON.stringify(JSON.parse(VECTOR)), SIGNATURE).kind, 'forged', 'written anew it is another body');
  assert.equal(openWebhook(Buffer.from(VECTOR), { 'x-mailersend-signature': SIGNATURE }, [SECRET]).kind, 'events');
  assert.equal(open(VECTOR, SIGNATURE, ['new', SECRET]).kind, 'events', 'while the secret is being changed');
});

test('what is not signed by us, or not at all, is forged', () => {
  for (const signature of ['', 'x', SIGNATURE.slice(1), `${SIGNATURE}00`, SIGNATURE.replace('1', '2')])
    assert.equal(open(VECTOR, signature).kind, 'forged', signature);
  assert.equal(openWebhook(Buffer.from(VECTOR), {}, [SECRET]).kind, 'forged');
  assert.equal(openWebhook(Buffer.from(VECTOR), { signature: SIGNATURE }, []).kind, 'forged', 'there is no secret yet');
  assert.equal(signed(VECTOR, '').kind, 'forged');
});

test('a webhook can be saved before it has a secret, and what tests are signed with is good for nothing else', () => {
  assert.deepEqual(open(PING, PING_SIGNATURE, []), { kind: 'events', events: [] });
  assert.equal(signed(PING).kind, 'events', 'it is tried again when it is changed');
  const TEST_SECRET = 'test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G';
  assert.equal(signed(VECTOR, TEST_SECRET).kind, 'forged');
  assert.equal(signed({ type: 'webhook.test', message: 'x'.repeat(5000) }, TEST_SECRET).kind, 'forged');
});

test('junk breaks nothing', () => {
  for (const junk of ['', '{', '[]', 'null', '{"a":1}', '{"type":1}', '"\0"', '{"type":"activity.sent\0"}'])
    assert.equal(signed(junk).kind, 'unusable', junk);
  const opened = openWebhook(Buffer.of(0xff), { signature: hmacOf('\xff', SECRET) }, [SECRET]);
  assert.notEqual(opened.kind, 'events');
  for (const data of [null, [], 'x', 7]) assert.equal(sightingOf({ type: 'activity.sent', data }), null);
  assert.equal(sightingOf({ type: 'activity.sent', data: { email: [], tags: {}, meta: 'x' } })?.recipient, null);
  assert.equal(reopen('{'), null);
});

function sightingOf(body: object): Sighting | null {
  const opened = signed(body);
  assert.ok(opened.kind === 'events', JSON.stringify(opened));
  const [event] = opened.events;
  assert.ok(event);
  assert.deepEqual(reopen(event.body), event.sighting);
  return event.sighting;
}

const CREATED = '2026-11-25T08:00:00.123456Z';
const v2 = (type: string, meta: object = []) => ({
  type: `activity.${type}`,
  created_at: CREATED,
  data: {
    ...{ id: '62f1', domain_id: 'dnvo', message_id: '67f9', email_id: '67fa', type: 'x', subject: 'Hi', meta },
    ...{ recipient: RECIPIENT, tags: [tagOf('01MESSAGE'), 'shop'] },
  },
});
const v1 = (type: string, morph: object | null = null) => ({
  type: `activity.${type}`,
  domain_id: 'dnvo',
  created_at: '2026-11-25T08:00:07.000000Z',
  data: {
    ...{ object: 'activity', id: '62f1', type, created_at: CREATED, morph },
    email: {
      ...{ id: '67fa', from: 'shop@mg.example.com', subject: 'Hi', tags: [tagOf('01MESSAGE'), 'shop'] },
      ...{ message: { id: '67f9' }, recipient: { email: RECIPIENT } },
    },
  },
});

test('both versions of an event read alike, whatever name they have for the recipient', () => {
  const now = sightingOf(v2('delivered'));
  assert.deepEqual(
    [now?.report, now?.messageId, now?.homingId, now?.recipient, now?.at],
    ['delivered', '67f9', '01MESSAGE', RECIPIENT, Date.parse('2026-11-25T08:00:00.123Z')],
  );
  assert.deepEqual({ ...sightingOf(v1('delivered')), from: null }, now);
  const { recipient, ...data } = v2('delivered').data;
  assert.deepEqual(sightingOf({ ...v2('delivered'), data: { ...data, email: recipient } }), now);
});

test('each event says what it says', () => {
  const reports = {
    ...{ sent: 'accepted', delivered: 'delivered', deferred: 'deferred' },
    ...{ soft_bounced: 'failed', hard_bounced: 'failed', suppressed: 'failed' },
    ...{ opened: 'opened', opened_unique: 'opened', clicked: 'clicked', clicked_unique: 'clicked' },
    ...{ unsubscribed: 'unsubscribed', spam_complaint: 'complained', survey_opened: 'other' },
  };
  for (const [event, report] of Object.entries(reports)) assert.equal(sightingOf(v2(event))?.report, report, event);
});

test('a bounce tells its code, its words and whether it is for good', () => {
  const hard = sightingOf(v2('hard_bounced', { bounce_reason: 'no such user', bounce_code: 550, bounce_type: 'hard' }));
  assert.deepEqual(
    [hard?.bounce?.code, hard?.bounce?.message, hard?.bounce?.severity, hard?.bounce?.bounceType],
    [550, 'no such user', 'permanent', 'hard'],
  );
  const soft = sightingOf(v2('soft_bounced', { bounce_reason: 'full', bounce_code: '452' }));
  assert.deepEqual([soft?.bounce?.code, soft?.bounce?.severity], [452, 'temporary']);
  const older = sightingOf(v1('hard_bounced', { object: 'recipient_bounce', reason: 'Host or domain name not found' }));
  assert.deepEqual([older?.bounce?.code, older?.bounce?.message], [null, 'Host or domain name not found']);
  assert.match(sightingOf(v2('suppressed', { suppression_reason: 'on_hold' }))?.bounce?.message ?? '', /list.*on_hold/);
});

test('maintenance is kept as what it is, and what is about neither mail nor maintenance is answered alone', () => {
  const opened = signed({ type: 'maintenance.start', created_at: CREATED, data: {} });
  assert.deepEqual(opened.kind === 'events' && opened.events.map(({ sighting }) => sighting), [null]);
  for (const type of ['recipient.on_hold_added', 'bulk_email.completed', 'sender_identity.verified'])
    assert.deepEqual(signed({ type, created_at: CREATED, data: {} }), { kind: 'events', events: [] });
});

test('a replay is told by its signature, and an event that is posted again by its id', () => {
  const keysOf = (body: object) => {
    const opened = signed(body);
    const [event] = opened.kind === 'events' ? opened.events : [];
    return [event?.replayKey, event?.sighting?.eventKey];
  };
  assert.deepEqual(keysOf(v2('delivered')), keysOf(v2('delivered')));
  const later = { ...v2('delivered'), created_at: '2026-11-25T09:00:00.000000Z' };
  assert.notEqual(keysOf(later)[0], keysOf(v2('delivered'))[0]);
  assert.equal(keysOf(later)[1], keysOf(v2('delivered'))[1]);
  assert.notEqual(keysOf(v2('opened'))[1], keysOf(v2('delivered'))[1]);
});

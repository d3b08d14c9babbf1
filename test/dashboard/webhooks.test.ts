import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { reopen } from '../../src/providers/mailgun/webhook.ts';
import { keep, settle } from '../../src/store/inbox/inbox.ts';
import { createRefusals } from '../../src/store/inbox/refusals.ts';
import { DOMAIN, postWebhook, type Running, webhookBody } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { arrival, reported, seed, sent } from '../support/factory.ts';
import { logInto } from '../support/homing.ts';
import { looksWell } from './look.ts';
import type { Given } from './support.ts';
import { createVisitor, loggedIn, startDashboard, wordsOf } from './support.ts';

const HOSTILE = '<script>alert(1)</script>\u202e\u001b[31m';
const READS: Given = { read: ({ body, content_type }) => reopen(body, content_type) };
const log = logInto([]);

/** One of ours by webhook, one of nobody by polling, one that nobody understands, and some that were refused. */
async function someEvents(running: Running): Promise<string> {
  const { store, clock } = running;
  const facts = [
    ...sent(),
    reported('delivered', MORNING + MINUTE),
    reported('opened', MORNING + 2 * MINUTE, { foundBy: 'poll' }),
  ];
  const [view] = await seed(store, { recipients: ['ann@example.net'], facts });
  const mine = {
    event: 'delivered',
    recipient: 'ann@example.net',
    message: { headers: { 'message-id': `m1@${DOMAIN}` } },
  };
  assert.equal((await postWebhook(running, webhookBody(clock(), mine))).status, 200);
  const other = JSON.stringify({
    'event-data': JSON.parse(webhookBody(clock(), { event: HOSTILE, recipient: HOSTILE }))['event-data'],
  });
  await keep(store, [
    arrival('polled', { source: 'poll', body: other, receivedAt: MORNING + MINUTE }),
    arrival('odd', { body: '{', receivedAt: MORNING + 2 * MINUTE }),
  ]);
  const odd = await store.db('inbox').where({ replay_key: 'odd' }).first('id');
  const aside = { outcome: 'set_aside', tries: 3, dueAt: MORNING + 2 * MINUTE, error: `no event: ${HOSTILE}` } as const;
  await settle(store, null, [{ id: odd.id, ...aside }]);
  const refusals = createRefusals({ store, now: clock, log });
  for (let n = 0; n < 7; n++) refusals.add('mailgun', 'the signature is wrong');
  await refusals.flush();
  clock.set(MORNING + HOUR);
  return view?.messageId ?? '';
}

test('it shows what came, by which way and what became of it, what was refused and what was set aside', async (t) => {
  const running = await startDashboard(t, READS);
  const ann = await loggedIn(running, 'support');
  const empty = wordsOf((await ann.get('/webhooks')).text);
  assert.match(empty, /Every webhook that came was genuine.*Nothing yet\. Send a mail/);
  const messageId = await someEvents(running);
  const { text } = await ann.get('/webhooks');
  const words = wordsOf(text);
  assert.match(words, /Waiting to be understood 2 events, the oldest since 1 h ago/);
  assert.match(words, /the signature is wrong mailgun 7 2026-11-25 09:00:00 UTC/);
  assert.match(words, /Set aside in the last 7 days.*58 min ago mailgun – no event: &lt;script&gt;/);
  assert.match(words, /1 h ago delivered ann@example\.net mailgun webhook waits to be read/);
  assert.match(words, /59 min ago &lt;script&gt;.*mailgun polling waits to be read/);
  assert.ok(text.includes(`href="/messages/${messageId}"`));
  assert.ok(!text.includes('<script>alert') && !text.includes('\u202e') && !text.includes('\u001b'));
  assert.doesNotMatch(wordsOf((await ann.get('/webhooks?way=polling')).text), /mailgun webhook/);
  assert.equal((await ann.get('/webhooks?way=fax')).status, 400);
  assert.equal((await createVisitor(running).get('/webhooks')).status, 303);
});

test('a webhook that is refused is counted, with the reason that its sender is given', async (t) => {
  const refused: string[] = [];
  const running = await startDashboard(t, READS, {
    onRefused: (provider, reason) => refused.push(`${provider}: ${reason}`),
  });
  const { status, body } = await postWebhook(running, webhookBody(running.clock(), {}, 'another key'));
  assert.deepEqual([status, refused], [401, [`mailgun: ${body['error']}`]]);
  await postWebhook(running, '{', { 'Content-Type': 'application/json' });
  assert.equal((await postWebhook(running, webhookBody(running.clock()))).status, 200);
  assert.equal(refused.length, 2);
});

test('in a browser the history fits and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t, READS);
  await someEvents(running);
  await looksWell(t, running, 'support', ['/webhooks', '/webhooks?way=polling']);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { BLOCKED_IP, BLOCKED_IP_LISTED } from '../../../src/lab/sim/fates.ts';
import { type SimMailgunOptions, startSimMailgun } from '../../../src/lab/sim/mailgun.ts';
import { createAccount } from '../../../src/providers/mailgun/account.ts';
import { createHistory, type HistoryOptions } from '../../../src/providers/mailgun/history.ts';
import { createPort } from '../../../src/providers/mailgun/port.ts';
import { storageTargets } from '../../../src/providers/mailgun/storage.ts';
import { openWebhook } from '../../../src/providers/mailgun/webhook.ts';

const DOMAIN = 'mg.example.com';
const KEY = 'key-of-the-simulation';
const SIGNING = 'signing-key-of-the-simulation';
const NOON = Date.parse('2026-11-25T12:00:00Z');
const ANNA = 'anna@example.net';
const MIME = Buffer.from(
  `Message-Id: <m1@${DOMAIN}>\r\nFrom: shop@${DOMAIN}\r\nTo: ${ANNA}\r\nSubject: Receipt\r\n\r\nThank you.\r\n`,
);

/** A simulated Mailgun whose clock stands still, and all that we have to speak to it. */
async function connected(
  t: TestContext,
  options: Partial<SimMailgunOptions> = {},
  history: Partial<HistoryOptions> = {},
) {
  const now = () => NOON;
  const sim = await startSimMailgun({
    apiKey: KEY,
    signingKey: SIGNING,
    domains: [DOMAIN],
    clock: now,
    webhookUrl: 'http://127.0.0.1:9/',
    ...options,
    quirks: { lose: () => true, ...options.quirks },
  });
  t.after(sim.close);
  const allowedHosts = [sim.url, sim.storageOrigin].map((origin) => new URL(origin).host);
  const port = createPort({ apiUrl: sim.url, apiKey: KEY, timeout: 5000, allowedHosts });
  t.after(() => port.close());
  const targetsOf = (url: string | null, key: string | null) =>
    storageTargets({ url, key, domain: DOMAIN, apiUrl: sim.url, allowedHosts }).targets;
  return {
    sim,
    port,
    targetsOf,
    history: createHistory({ asking: port, reading: port }, { api: 'auto', now, ...history }),
    account: createAccount(port),
  };
}

type Connected = Awaited<ReturnType<typeof connected>>;

const send = ({ port }: Connected) =>
  port.sendMime(DOMAIN, { to: ANNA, mime: MIME, fields: { 'v:homing-id': 'h1', 'v:homing-class': 'notice' } });

/** What the webhooks said, which the simulation has signed. */
const sightings = ({ sim }: Connected) =>
  sim.webhooks.map(({ body }) => {
    const opened = openWebhook(Buffer.from(body), 'application/json', [SIGNING], NOON);
    assert.ok(opened.kind === 'events');
    const [event] = opened.events;
    assert.ok(event?.sighting);
    return event.sighting;
  });

for (const api of ['events', 'logs'] as const) {
  test(`a mail that failed is seen alike by webhook and by ${api}, and its stored copy goes out again`, async (t) => {
    const c = await connected(t, {}, { api });
    c.sim.fate(ANNA, [BLOCKED_IP, 'deliver']);
    const answer = await send(c);
    assert.deepEqual([answer.kind, answer.kind === 'accepted' && answer.messageId], ['accepted', `m1@${DOMAIN}`]);
    await c.sim.runDue(NOON + MINUTE);
    const [accepted, failed] = sightings(c);
    assert.equal(accepted?.report, 'accepted');
    assert.equal(failed?.report, 'failed');
    assert.equal(failed?.homingId, 'h1');
    assert.equal(failed?.bounce?.reason, 'espblock');
    const found = await c.history.about(DOMAIN, { messageId: `m1@${DOMAIN}`, recipient: ANNA, since: NOON - HOUR });
    assert.deepEqual(
      new Set(found.items.map((i) => i.sighting.eventKey)),
      new Set([accepted, failed].map((s) => s?.eventKey)),
    );
    const targets = c.targetsOf(failed?.storage?.url ?? null, failed?.storage?.key ?? null);
    assert.equal((await c.port.repost(targets, { to: ANNA, deliverAt: NOON + 4 * MINUTE })).kind, 'accepted');
    const last = c.sim.handovers.at(-1);
    assert.deepEqual([last?.kind, last?.recipient, last?.deliverAt], ['repost', ANNA, NOON + 4 * MINUTE]);
    await c.sim.runDue(NOON + 5 * MINUTE);
    assert.equal(c.sim.copies(ANNA), 1);
  });
}

test('a hand-over that got no answer is found by its Message-Id, in either API', async (t) => {
  for (const eventsApi of ['ok', 'gone'] as const) {
    const c = await connected(t, { quirks: { eventsApi } });
    for (const how of ['dropBeforeAnswer', 'noId', 'truncated', 'emptyBody'] as const) {
      c.sim.misbehave((request) => request.path.endsWith('/messages.mime'), how, 1);
      assert.equal((await send(c)).kind, 'unanswered', how);
    }
    const ask = { messageId: `<m1@${DOMAIN}>`, recipient: ANNA, since: NOON - HOUR };
    assert.ok((await c.history.about(DOMAIN, ask)).items.length >= 4);
    assert.deepEqual((await c.history.about(DOMAIN, { ...ask, messageId: `m2@${DOMAIN}` })).items, []);
  }
});

test('where the storage host answers 4xx, the API base has the copy; where neither has it, it is gone', async (t) => {
  for (const storageHostAnswers of [400, 404] as const) {
    const c = await connected(t, { storagePort: 'own', quirks: { storageHostAnswers } });
    await send(c);
    await c.sim.runDue(NOON + MINUTE);
    const [seen] = sightings(c);
    const targets = c.targetsOf(seen?.storage?.url ?? null, seen?.storage?.key ?? null);
    assert.equal(targets.length, 2);
    assert.equal((await c.port.repost(targets, { to: ANNA, deliverAt: null })).kind, 'accepted');
    const fetched = await c.port.fetchMime(targets);
    assert.ok(fetched.kind === 'mime' && fetched.mime.includes('Thank you.'));
    const away = c.targetsOf(null, 'NoSuchKey==');
    const answer = await c.port.repost(away, { to: ANNA, deliverAt: null });
    assert.equal(answer.kind === 'refused' && answer.why, 'gone');
    assert.equal((await c.port.fetchMime(away)).kind, 'gone');
  }
});

test('everything of a range is read, page by page and once', async (t) => {
  for (const api of ['events', 'logs'] as const) {
    const c = await connected(t, {}, { api });
    for (let i = 0; i < 5; i++) await send(c);
    await c.sim.runDue(NOON + MINUTE);
    const keys: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await c.history.between(DOMAIN, { begin: NOON - HOUR, end: NOON + HOUR, limit: 3 }, cursor);
      keys.push(...page.items.map((i) => i.sighting.eventKey));
      cursor = page.next;
    } while (cursor !== null);
    assert.equal(keys.length, 10);
    assert.equal(new Set(keys).size, 10);
  }
});

test('the account tells of bounces, retention, webhooks, keys and queues', async (t) => {
  const c = await connected(t, { retention: 24 * HOUR });
  const { account, sim } = c;
  sim.fate(ANNA, BLOCKED_IP_LISTED);
  await send(c);
  await sim.runDue(NOON + MINUTE);
  assert.equal((await account.getBounce(DOMAIN, ANNA))?.createdAt, NOON);
  await account.removeBounce(DOMAIN, ANNA);
  assert.equal(await account.getBounce(DOMAIN, ANNA), null);
  assert.equal(await account.retention(DOMAIN), 24 * HOUR);
  const url = 'https://homing.example.com/webhooks/mailgun';
  assert.equal((await account.registerWebhook(DOMAIN, url)).length, 8);
  assert.deepEqual((await account.webhooks(DOMAIN)).permanent_fail, [url]);
  assert.equal(await account.signingKey(), SIGNING);
  assert.equal((await account.sendingQueues(DOMAIN)).regular.disabled, false);
});

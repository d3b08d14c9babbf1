import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { indexTerms } from '../../src/operate/index-terms.ts';
import { eventKeyOf, keep } from '../../src/store/inbox/inbox.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import type { Running } from '../http/support.ts';
import { TOKEN } from '../http/support.ts';
import { startBrowser, withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import {
  accepted,
  arrival,
  bounce,
  claimed,
  draft,
  ended,
  failed,
  HOW,
  reported,
  seed,
  seedQueued,
  sent,
  verdict,
  viewsOf,
} from '../support/factory.ts';
import { looksWell } from './look.ts';
import { createVisitor, loggedIn, PASSWORD, startDashboard, wordsOf } from './support.ts';

const ANNA = 'anna@example.com';
const BOB = 'bob@example.com';
const HOSTILE = `<img src=x onerror=alert(1)>"'</pre></script><script>alert(2)</script>\u202e\u001b[31m ${'w'.repeat(10_000)}`;
const ID = '01K4ZZZZZZZZZZZZZZZZZZZZZZ';
const PROVIDERS = ['mailgun', 'smtp.example:25'];

/** It bounced on the first attempt, and the secondary takes it. */
async function twoAttempts({ store }: Running): Promise<string> {
  const blocked = failed(MORNING + MINUTE, 'retry', {
    key: 'reported:event-1',
    bounce: bounce({ message: '550 5.7.1 your IP is blocked', mxHost: 'mx.example.com' }),
    verdict: { ...verdict('ip_block'), evidence: { rule: 'blocked-ip', words: 'is blocked' } },
    sendingIp: '192.0.2.7',
  });
  const [view] = await seed(store, {
    ...{ recipients: [ANNA], subject: 'Your receipt', key: 'order-1', tags: ['shop'], createdAt: MORNING },
    facts: [
      ...sent(),
      blocked,
      claimed(2, MORNING + 2 * MINUTE, HOW.fallback),
      accepted(2, MORNING + 2 * MINUTE, null, false),
    ],
  });
  const key = eventKeyOf({ at: MORNING + MINUTE, eventKey: 'event-1' });
  await keep(store, [
    arrival('raw', { eventKey: key, body: JSON.stringify({ event: 'failed', note: HOSTILE.slice(0, 300) }) }),
  ]);
  return view?.messageId ?? '';
}

test('the page says where a mail stands, who acts, what it does not prove, and shows each attempt with its evidence', async (t) => {
  const running = await startDashboard(t, {}, { providers: PROVIDERS });
  running.clock.set(MORNING + HOUR);
  const id = await twoAttempts(running);
  const ann = await loggedIn(running, 'support');
  const { status, text } = await ann.get(`/messages/${id}`);
  assert.equal(status, 200);
  const [, start, happened = ''] = /<ol class="timeline" reversed start="(\d+)">(.*?)<\/ol>/s.exec(text) ?? [];
  assert.equal(happened.match(/<li>/g)?.length, Number(start), 'what happened first is the first');
  const words = wordsOf(text);
  assert.match(
    words,
    /anna@example\.com relayed The secondary provider smtp\.example:25 took it; it tells nothing more\./,
  );
  assert.match(
    words,
    /What comes next No new try is planned\. Who acts nobody, unless it comes back What this does not prove This does not prove that it is there/,
  );
  assert.match(
    words,
    /What went wrong last What went wrong: the receiving server blocks the sending IP address\. 550 5\.7\.1 your IP is blocked/,
  );
  assert.match(words, /Attempt 1 · sent by the application through Mailgun/);
  assert.match(
    words,
    /Sent from 192\.0\.2\.7 Receiving server mx\.example\.com Its reply 550 5\.7\.1 your IP is blocked/,
  );
  assert.match(
    words,
    /Decision retry_new_ip: sent again Evidence rule blocked-ip, by &quot;is blocked&quot;, 90 % sure/,
  );
  assert.ok(words.indexOf('Attempt 2 began') < words.indexOf('Attempt 1 began'), 'the newest stands first');
  assert.match(words, /1 event as they came in mailgun, by a webhook/);
  assert.match(text, /href="\/messages\?q=key%3Aorder-1"/);
  assert.match(text, /href="\/messages\?q=tag%3Ashop"/);
  assert.ok(!/<img src=x|<script>alert/.test(text));
  for (const name of [id, (await viewsOf(running.store, id))[0]?.id, 'm1@mg.example.com'])
    assert.equal((await ann.get(`/messages/${encodeURIComponent(name ?? '')}`)).status, 200, name);
  assert.equal((await ann.get('/messages/nothing')).status, 404);
});

test('the code of a mail that lets somebody in stands nowhere on its page, but for owners', async (t) => {
  const running = await startDashboard(t);
  const told = { ...reported('delivered', MORNING), key: 'reported:event-2' };
  const made = { subject: '481516 is your code', class: 'access' as const, key: 'code-anna', facts: [...sent(), told] };
  const [view] = await seed(running.store, made);
  await seed(running.store, { ...made, messageId: 'older', createdAt: MORNING - MINUTE });
  const eventKey = eventKeyOf({ at: MORNING, eventKey: 'event-2' });
  await keep(running.store, [arrival('raw', { eventKey, body: '{"subject":"481516 is your code"}' })]);
  const path = `/messages/${view?.messageId}`;
  for (const [role, sees] of [
    ['support', false],
    ['operator', false],
    ['owner', true],
  ] as const) {
    const { text } = await (await loggedIn(running, role)).get(path);
    assert.deepEqual([/481516/.test(text), /as they came in/.test(text)], [sees, sees], role);
  }
});

test('the page refreshes itself as long as more may be heard of the mail', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  const [open] = await seed(running.store, { messageId: 'open', facts: sent() });
  const [over] = await seed(running.store, { messageId: 'over', facts: [...sent(), reported('delivered', MORNING)] });
  assert.match((await ann.get(`/messages/${open?.messageId}`)).text, / data-live/);
  assert.doesNotMatch((await ann.get(`/messages/${over?.messageId}`)).text, / data-live/);
});

test('of an event that is large only the beginning is read', async (t) => {
  const running = await startDashboard(t);
  const told = { ...reported('delivered', MORNING), key: 'reported:event-3' };
  const [view] = await seed(running.store, { facts: [...sent(), told] });
  const eventKey = eventKeyOf({ at: MORNING, eventKey: 'event-3' });
  await keep(running.store, [arrival('raw', { eventKey, body: `{"note":"the beginning ${'w'.repeat(900_000)}"}` })]);
  const { text } = await (await loggedIn(running, 'support')).get(`/messages/${view?.messageId}`);
  assert.match(text, /the beginning www/);
  assert.ok(text.length < 40_000);
});

test('mail with the same key is linked: what superseded it, and what was sent before', async (t) => {
  const running = await startDashboard(t);
  const made = (n: number) => ({
    messageId: `k${n}`,
    key: 'reset-anna',
    createdAt: MORNING + n * MINUTE,
    subject: `Reset ${n}`,
  });
  const ids: string[] = [];
  for (const n of [1, 2, 3])
    ids.push((await seed(running.store, { ...made(n), facts: sent(MORNING + n * MINUTE) }))[0]?.messageId ?? '');
  const ann = await loggedIn(running, 'support');
  const { text } = await ann.get(`/messages/${ids[1]}`);
  const links = [...text.matchAll(/<li>([\w ]+) <a href="\/messages\/(\w+)">([^<]+)/g)].map(([, ...found]) => found);
  assert.deepEqual(links, [
    ['Superseded by', ids[2], 'Reset 3'],
    ['Sent before as', ids[0], 'Reset 1'],
  ]);
  assert.match(wordsOf(text), /cancelled It was cancelled: a newer message with the same key took its place/);
});

test('support sends a mail again, once within the wait, with a reason in the audit', async (t) => {
  const woken: string[] = [];
  const running = await startDashboard(t, {}, { providers: PROVIDERS, onQueued: () => woken.push('dispatch') });
  const { store, clock } = running;
  const [view] = await seedQueued(store, { id: ID, recipients: [ANNA], createdAt: MORNING });
  assert.ok(view);
  await change(store, [view.id], MORNING, () => [claimed(1, MORNING, { ...HOW.send }), accepted(1, MORNING)]);
  const ann = await loggedIn(running, 'support');
  const path = `/messages/${view.messageId}`;
  clock.set(MORNING + 10 * SECOND);
  assert.match(wordsOf((await ann.get(path)).text), /Send it again: that can be done in 50 s/);
  const early = await ann.fill(path, `${path}/resend`, { recipient: ANNA, why: 'she asked' });
  assert.equal(early.headers.get('location'), `${path}?done=resendWait&count=50`);
  clock.set(MORNING + 2 * MINUTE);
  assert.match((await ann.get(path)).text, /<form class="doing" method="post" action="\/messages\/\w+\/resend">/);
  const { status, text } = await ann.fill(path, `${path}/resend`, { recipient: ANNA, why: ' ' });
  assert.deepEqual([status, /why is needed/.test(text)], [400, true], text);
  const done = await ann.fill(path, `${path}/resend`, { recipient: ANNA, why: 'she asked' });
  assert.equal(done.headers.get('location'), `${path}?done=resent&count=1`);
  assert.equal(woken.length, 1);
  assert.match(wordsOf((await ann.get(`${path}?done=resent&count=1`)).text), /It is sent again to 1 recipient\./);
  const twice = await ann.fill(path, `${path}/resend`, { recipient: ANNA, why: 'she asked' });
  assert.match(twice.headers.get('location') ?? '', /done=resendWait/);
  const noted = await store.db('audit').where({ what: 'resend' }).select('who', 'subject', 'detail');
  assert.deepEqual(noted, [
    { who: 'support (dashboard)', subject: view.messageId, detail: `she asked; 1 deliveries: ${view.id}` },
  ]);
});

test('operators try mail again and stop it, for one recipient or for all, and others do neither', async (t) => {
  const running = await startDashboard(t, {}, { providers: PROVIDERS });
  const { store } = running;
  const [one, two] = await seedQueued(store, { id: ID, recipients: [ANNA, BOB] });
  assert.ok(one && two);
  const path = `/messages/${one.messageId}`;
  const [ann, bob] = [await loggedIn(running, 'support'), await loggedIn(running, 'operator')];
  const { token, text } = await ann.get(path);
  assert.doesNotMatch(text, /\/(?:cancel|retry)"/);
  for (const name of ['cancel', 'retry'])
    assert.equal((await ann.post(`${path}/${name}`, { token, why: 'x' })).status, 403);
  assert.equal((await createVisitor(running).post(`${path}/cancel`, { why: 'x' })).status, 401);
  assert.equal((await bob.post(`${path}/cancel`, { why: 'x' })).status, 409, 'without our token');

  const stopped = await bob.fill(path, `${path}/cancel`, { recipient: ANNA, why: 'wrong <address>' });
  assert.equal(stopped.headers.get('location'), `${path}?done=cancelled&count=1`);
  assert.match(
    wordsOf((await bob.get(path)).text),
    /It was cancelled: wrong &lt;address&gt;\. .* bob@example\.com queued/,
  );
  const all = await bob.fill(path, `${path}/cancel`, { why: 'a mistake' });
  assert.equal(all.headers.get('location'), `${path}?done=cancelled&count=1`);
  const none = await bob.fill(path, `${path}/cancel`, { why: 'again' });
  assert.match(none.headers.get('location') ?? '', /done=nothingOpen/);
  const noted = await store.db('audit').where({ what: 'cancel' }).orderBy('id').select('who', 'detail');
  assert.deepEqual(noted, [
    { who: 'operator (dashboard)', detail: `wrong <address>; 1 deliveries: ${one.id}` },
    { who: 'operator (dashboard)', detail: `a mistake; 1 deliveries: ${two.id}` },
  ]);

  const { text: later } = await ann.get(path);
  const [ofAnna = '', ofBob = ''] = ['of anna', 'of bob'].map((_, i) => wordsOf(later.split('<article')[i + 1] ?? ''));
  assert.match(ofAnna, /operator \(dashboard\) stopped it: wrong &lt;address&gt;/);
  assert.doesNotMatch(ofAnna, /stopped it: a mistake/, 'what was done to others stands with them');
  assert.match(ofBob, /operator \(dashboard\) stopped it: a mistake/);
  assert.doesNotMatch(ofBob, /stopped it: wrong/);

  const [lost] = await seed(store, {
    messageId: 'lost',
    facts: [...sent(), failed(MORNING), ended(1, MORNING, 'abandoned', 'unconfirmed')],
  });
  const there = `/messages/${lost?.messageId}`;
  assert.match((await bob.get(there)).text, /<form class="doing" method="post" action="\/messages\/\w+\/retry">/);
  const tried = await bob.fill(there, `${there}/retry`, { recipient: lost?.recipient ?? '', why: 'mended' });
  assert.equal(tried.headers.get('location'), `${there}?done=retried&count=1`);
  const refused = await bob.fill(there, `${there}/retry`, { why: 'once more' });
  assert.deepEqual([refused.status, /nothing can be sent again/.test(refused.text)], [409, true]);
  assert.equal((await bob.fill(there, '/messages/nothing/cancel', { why: 'x' })).status, 404);
});

test('a mail to very many is shown a part at a time', async (t) => {
  const running = await startDashboard(t);
  const recipients = Array.from({ length: 45 }, (_, n) => `p${n}@example.com`);
  const [view] = await seed(running.store, { recipients });
  const ann = await loggedIn(running, 'support');
  const pages: string[][] = [];
  for (let next: string | undefined = `/messages/${view?.messageId}`; next && pages.length < 9; ) {
    const { text } = await ann.get(next);
    pages.push([...text.matchAll(/<h2>(p\d+@example\.com)<\/h2>/g)].map(([, name = '']) => name));
    next = /rel="next" href="([^"]+)"/.exec(text)?.[1];
  }
  assert.deepEqual(
    pages.map((names) => names.length),
    [20, 20, 5],
  );
  assert.deepEqual(pages.flat().toSorted(), recipients.toSorted());
  const { text: list } = await ann.get('/messages?q=p44%40example.com');
  const [, there = ''] = /<th scope="row"><a href="([^"]+)"/.exec(list) ?? [];
  const { text: one } = await ann.get(there);
  assert.deepEqual(
    [...one.matchAll(/<h2>(p\d+@example\.com)<\/h2>/g)].map(([, name]) => name),
    ['p44@example.com'],
  );
  assert.match(one, /All recipients of this message/);
  assert.match((await ann.get(`/messages/${view?.messageId}?from=nonsense&to=x`)).text, /The message/);
});

test('hostile subjects, replies, names and reasons change nothing on the page', async (t) => {
  const running = await startDashboard(t);
  const bad = failed(MORNING, 'stop', {
    bounce: bounce({ message: HOSTILE, mxHost: HOSTILE.slice(0, 200) }),
    sendingIp: HOSTILE.slice(0, 50),
  });
  const [view] = await seed(running.store, {
    ...{ subject: HOSTILE, from: HOSTILE, key: HOSTILE.slice(0, 150), tags: [HOSTILE.slice(0, 100)] },
    facts: [...sent(), { ...bad, verdict: { ...verdict(), evidence: { rule: 'x', words: HOSTILE } } }],
  });
  const bob = await loggedIn(running, 'operator');
  const { text } = await bob.get(`/messages/${view?.messageId}`);
  assert.ok(!/<img src=x|<script>alert/.test(text));
  assert.ok(!text.includes('\u202e') && !text.includes('\u001b'));
  assert.match(text, /&lt;img src=x/);
});

test('whoever comes with a token of the API, or could not log in, gets the plain page as before', async (t) => {
  const running = await startDashboard(t);
  const [view] = await seed(running.store, {});
  const path = `${running.url}/messages/${view?.messageId}`;
  const basic = { authorization: `Basic ${Buffer.from(`anybody:${TOKEN}`).toString('base64')}` };
  const plain = await fetch(path, { headers: basic });
  assert.deepEqual([plain.status, /<style>/.test(await plain.text())], [200, true]);
  const wrong = await fetch(path, { headers: { authorization: 'Basic eDp5' } });
  assert.deepEqual([wrong.status, wrong.headers.get('www-authenticate')?.startsWith('Basic')], [401, true]);
  const stranger = await fetch(path, { redirect: 'manual' });
  assert.deepEqual(
    [stranger.status, stranger.headers.get('location')?.startsWith('/login?next=%2Fmessages%2F')],
    [303, true],
  );
  const without = await startDashboard(t, { users: [], publicUrl: 'https://homing.example.com' });
  const asked = await fetch(`${without.url}/messages/x`);
  assert.deepEqual([asked.status, asked.headers.get('www-authenticate')?.startsWith('Basic')], [401, true]);
});

test('after a login a person finds in two steps why a mail did not arrive, by an address or a word, without a script too', {
  skip: withoutBrowser,
}, async (t) => {
  const running = await startDashboard(t, {}, { providers: PROVIDERS });
  const full = failed(MORNING, 'stop', {
    verdict: verdict('mailbox_full', 'give_up_no_suppress'),
    bounce: bounce({ message: '552 5.2.2 over quota' }),
  });
  await seed(running.store, { recipients: [ANNA], subject: 'Your password', facts: [...sent(), full] });
  for (let n = 0; n < 60; n++)
    await seed(running.store, draft({ messageId: `other-${n}`, createdAt: MORNING - n * DAY }));
  running.clock.set(MORNING + HOUR);
  while ((await indexTerms({ store: running.store, now: running.clock })) > 0);
  const browser = await startBrowser(t);
  for (const [javaScriptEnabled, known] of [
    [true, ANNA],
    [false, ANNA],
    [true, 'password'],
    [false, 'PASSWORD'],
  ] as const) {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    await page.goto(`${running.url}/login`);
    await page.getByLabel('Name').fill('support');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByLabel('Find mail by').fill(known);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Your password' }).click();
    await page.getByText('It failed and is rightly not tried again: the mailbox is full.').waitFor();
    await page.getByText('Ask the person to make room in the mailbox.').waitFor();
    await context.close();
  }
});

test('in a browser the page of a mail fits and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t, {}, { providers: PROVIDERS });
  const { store, clock } = running;
  clock.set(MORNING + HOUR);
  const id = await twoAttempts(running);
  const [many] = await seedQueued(store, { id: ID, recipients: [ANNA, BOB], subject: HOSTILE, from: HOSTILE });
  await change(store, [many?.id ?? ''], MORNING, () => [
    claimed(1, MORNING, { ...HOW.send }),
    reported('delivered', MORNING),
  ]);
  await looksWell(t, running, 'operator', [`/messages/${id}`, `/messages/${many?.messageId}`]);
});

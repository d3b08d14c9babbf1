import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusTokens } from '../../src/contract/status-token.ts';
import type { Fact } from '../../src/core/delivery.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { cancelMessage } from '../../src/operate/operate.ts';
import { eraseDeliveries } from '../../src/store/erased.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import type { View } from '../../src/store/rows/rows.ts';
import { startBrowser, withoutBrowser } from '../support/browser.ts';
import { claimed, failed, reported, sent } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';
import { ask, DOMAIN, get, post, type Reply, type Running, SENT, start, TOKEN } from './support.ts';

const KEY = 'ab'.repeat(32);
const NEWER = 'cd'.repeat(32);
const MAIL = { from: `Shop <shop@${DOMAIN}>`, to: 'ann@example.org', subject: 'Reset', text: 'A link' };

type Asked = Reply & { token: string };

/** Hands a mail over, as Mailgun's clients do. */
async function queued(running: Running, over: Record<string, string> = {}, key = true): Promise<Asked> {
  const reply = await ask(`${running.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`api:${TOKEN}`).toString('base64')}` },
    body: new URLSearchParams({ ...MAIL, 'v:homing-class': 'access', ...over }),
  });
  assert.equal(reply.status, key ? 200 : 503);
  return { ...reply, token: reply.headers.get('homing-status-token') ?? '' };
}

const look = (running: Running, token: string): Promise<Reply> => ask(`${running.url}/status/${token}`);
const again = (running: Pick<Running, 'url'>, token: string): Promise<Reply> =>
  ask(`${running.url}/status/${token}/resend`, { method: 'POST' });

const idOf = (token: string): string => token.split('-')[0] ?? '';

async function viewOf({ store }: Pick<Running, 'store'>, token: string): Promise<View> {
  const view = (await findMessage(store, idOf(token)))?.views[0];
  assert.ok(view);
  return view;
}

async function told(running: Pick<Running, 'store' | 'clock'>, token: string, ...facts: Fact[]): Promise<void> {
  const { id } = await viewOf(running, token);
  await change(running.store, [id], running.clock(), () => facts);
}

/** It left, and Mailgun has it. */
const left = (at: Ms): Fact[] => [claimed(1, at, { how: 'send' }), ...sent(at).slice(1)];

const iso = (at: Ms): string => new Date(at).toISOString();

test('the intake gives a token in a header, and its body stays that of Mailgun', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { body, token } = await queued(running);
  assert.deepEqual(Object.keys(body), ['id', 'message']);
  assert.match(token, /^[0-9A-Z]{26}-[0-9a-z]+-[\w-]{22}$/);
  assert.equal((await look(running, token)).status, 200);
  const { token: repeated } = await queued(running, { 'h:Message-Id': `<own@${DOMAIN}>` });
  assert.equal(idOf((await queued(running, { 'h:Message-Id': `<own@${DOMAIN}>` })).token), idOf(repeated));
});

test('what an application records has a token in the answer, and later with the message', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { body } = await post(running, '/api/messages', SENT);
  assert.equal((await look(running, String(body['statusToken']))).body['state'], 'sent');
  const detail = await get(running, `/api/messages/${String(body['id'])}`);
  assert.equal(detail.body['statusToken'], body['statusToken']);
});

test('without ENCRYPTION_KEY there are no tokens', async (t) => {
  const running = await start(t);
  const { status, body } = await post(running, '/api/messages', SENT);
  assert.deepEqual([status, Object.keys(body)], [201, ['id']]);
  assert.equal((await get(running, `/api/messages/${String(body['id'])}`)).body['statusToken'], undefined);
  const foreign = statusTokens([KEY]).make(String(body['id']), running.clock()) ?? '';
  assert.equal((await look(running, foreign)).status, 404);
});

test('the person who waits sees how the mail stands, what to do and when it can be sent again', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  const madeAt = running.clock();
  const { body, headers } = await look(running, token);
  assert.deepEqual(body, {
    state: 'accepted',
    stage: 'accepted',
    sentence: 'Your email is on its way.',
    nextStep: 'Wait a minute. Then look in your inbox and in your spam folder.',
    resendAvailableAt: iso(madeAt + MINUTE),
  });
  assert.equal(headers.get('retry-after'), '60');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('access-control-allow-origin'), '*');
  running.clock.advance(2 * MINUTE);
  assert.equal((await look(running, token)).body['state'], 'delayed');
  await told(running, token, ...left(running.clock()));
  assert.equal((await look(running, token)).body['state'], 'sent');
  await told(running, token, reported('delivered', running.clock()));
  const { state, resendAvailableAt } = (await look(running, token)).body;
  assert.deepEqual([state, resendAvailableAt], ['delivered', null]);
});

test('neither address nor subject nor provider is shown, and a bad address looks like any other failure', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  await told(running, token, ...left(running.clock()), failed(running.clock(), 'stop'));
  const bad = await look(running, token);
  assert.doesNotMatch(JSON.stringify(bad.body), /ann|example|Reset|mailgun|unknown|mailbox/i);
  const { token: other } = await queued(running);
  const end = {
    kind: 'ended' as const,
    attempt: 0,
    round: 0,
    state: 'expired' as const,
    reason: 'useful_life_over' as const,
  };
  await told(running, other, { ...end, key: 'ended:0', at: running.clock() });
  const over = await look(running, other);
  assert.deepEqual([over.body['sentence'], over.body['nextStep']], [bad.body['sentence'], bad.body['nextStep']]);
});

test('a token that was changed, was made by others or is too old is answered like that of an erased message', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  const [, id = '', hour = '', mac = ''] = /^([^-]+)-([^-]+)-(.+)$/.exec(token) ?? [];
  assert.equal(`${id}-${hour}-${mac}`, token);
  const { token: erased } = await queued(running);
  await eraseDeliveries(running.store, [(await viewOf(running, erased)).id]);
  const gone = await look(running, erased);
  assert.deepEqual([gone.status, gone.body], [404, { error: 'This link is not valid, or it is too old.' }]);
  const later = (Number.parseInt(hour, 36) + 1).toString(36);
  const forged = [
    ...[`${id}-${later}-${mac}`, `${idOf(erased)}-${hour}-${mac}`, `${id}-${hour}-${'A'.repeat(22)}`],
    ...[
      statusTokens([NEWER]).make(id, running.clock()) ?? '',
      id,
      'x',
      `${token}A`,
      `${id}-${hour}-`,
      '%00',
      token.toLowerCase(),
    ],
  ];
  const plain = (headers: Headers) => [...headers].filter(([name]) => !['date', 'content-length'].includes(name));
  for (const wrong of forged) {
    const seen = await look(running, wrong);
    assert.deepEqual([seen.status, seen.body, plain(seen.headers)], [404, gone.body, plain(gone.headers)], wrong);
    const asked = await again(running, wrong);
    assert.deepEqual([asked.status, asked.body], [404, gone.body], wrong);
  }
  assert.deepEqual((await again(running, erased)).body, gone.body);
});

test('a wrong token costs the same statements as that of an erased message', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  const { token: erased } = await queued(running);
  await eraseDeliveries(running.store, [(await viewOf(running, erased)).id]);
  const statements = async (call: () => Promise<unknown>): Promise<string[]> => {
    const seen: string[] = [];
    const note = (query: { sql: string }) => void seen.push(query.sql);
    running.store.db.on('query', note);
    await call();
    running.store.db.removeListener('query', note);
    return seen;
  };
  for (const call of [look, again]) {
    const known = await statements(() => call(running, erased));
    assert.ok(known.length > 0);
    for (const wrong of [`${token.slice(0, -1)}.`, `${idOf(token)}-zzzz-${'A'.repeat(22)}`, 'nonsense'])
      assert.deepEqual(await statements(() => call(running, wrong)), known, wrong);
  }
});

test('a token lasts for the useful life and a day, and older keys still know theirs', async (t) => {
  const tokens = statusTokens([KEY]);
  const id = '01KB2X7Q9T4M3N5P6R8S0V1W2Y';
  const until = 1_700_000_000_000;
  const token = tokens.make(id, until) ?? '';
  assert.equal(tokens.read(token, until + DAY), id);
  assert.equal(tokens.read(token, until + DAY + HOUR), null);
  assert.equal(statusTokens([NEWER, KEY]).read(token, until), id);
  assert.equal(statusTokens([NEWER]).read(token, until), null);
  assert.equal(statusTokens([]).make(id, until), null);
  const running = await start(t, { encryptionKey: NEWER, olderKeys: [KEY] });
  const { body } = await post(running, '/api/messages', SENT);
  const old = statusTokens([KEY]).make(String(body['id']), running.clock()) ?? '';
  assert.equal((await look(running, old)).status, 200);
});

test('within the wait asking again sends nothing, and says when to come back', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  await told(running, token, ...left(running.clock()));
  running.clock.advance(20 * SECOND);
  const early = await again(running, token);
  assert.deepEqual([early.status, early.body['result'], early.headers.get('retry-after')], [200, 'waiting', '40']);
  running.clock.advance(40 * SECOND);
  for (const wait of [120, 300, 300]) {
    const first = await again(running, token);
    const at = running.clock();
    assert.deepEqual([first.body['result'], first.headers.get('retry-after')], ['resent', `${wait}`]);
    assert.equal(first.body['resendAvailableAt'], iso(at + wait * SECOND));
    assert.deepEqual((await again(running, token)).body, first.body, 'the same answer');
    assert.equal((await look(running, token)).body['resendAvailableAt'], iso(at + wait * SECOND));
    const { delivery } = await viewOf(running, token);
    assert.equal(delivery.state, 'queued');
    const next = delivery.attempt + 1;
    running.clock.advance(wait * SECOND);
    await told(running, token, claimed(next, running.clock()));
    const taken = { kind: 'accepted' as const, attempt: next, messageId: null, tracked: true, detail: '' };
    await told(running, token, { ...taken, key: `accepted:${next}`, at: running.clock() });
  }
});

test('what was delivered or cancelled is not sent again', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  await told(running, token, ...left(running.clock()), reported('delivered', running.clock()));
  running.clock.advance(HOUR);
  const delivered = await again(running, token);
  assert.deepEqual([delivered.body['result'], delivered.body['resendAvailableAt']], ['already_delivered', null]);
  assert.equal(delivered.headers.get('retry-after'), null);
  const { token: other } = await queued(running);
  await cancelMessage(running.store, { message: idOf(other), who: 'api', reason: 'by_application' }, running.clock());
  const { state, stage } = (await look(running, other)).body;
  assert.deepEqual([state, stage], ['failed', 'stopped']);
  running.clock.advance(HOUR);
  assert.equal((await again(running, other)).body['result'], 'cancelled');
  assert.equal((await viewOf(running, other)).delivery.state, 'cancelled');
});

test('the application respects the wait as well, and an operator may force it', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  await told(running, token, ...left(running.clock()), reported('delivered', running.clock()));
  const path = `/api/messages/${idOf(token)}/resend`;
  running.clock.advance(HOUR);
  const { status, body } = await post(running, path, {});
  assert.deepEqual([status, body], [200, { result: 'already_delivered', reopened: 0, resendAvailableAt: null }]);
  assert.equal((await post(running, path, { force: 'yes' })).status, 400);
  assert.deepEqual((await post(running, path, { force: true })).body, { result: 'resent', reopened: 1 });
  assert.equal((await viewOf(running, token)).delivery.state, 'queued');
});

eachStore('ten who ask two daemons at once get one mail and one answer', async ({ t, store, open }) => {
  const first = await start(t, { encryptionKey: KEY, store });
  const second = await start(t, { encryptionKey: KEY, store: open(), now: first.clock });
  const daemon = { ...first, store };
  const { token } = await queued(daemon);
  await told(daemon, token, ...left(first.clock()));
  first.clock.advance(5 * MINUTE);
  const replies = await Promise.all(Array.from({ length: 10 }, (_, n) => again(n % 2 === 0 ? first : second, token)));
  for (const { status, body, headers } of replies) {
    assert.deepEqual([status, body, headers.get('retry-after')], [200, replies[0]?.body, '120']);
    assert.equal(body['result'], 'resent');
  }
  const view = await viewOf(daemon, token);
  assert.equal(view.facts.filter(({ kind }) => kind === 'reopened').length, 1);
  assert.equal((await store.db('audit').where({ what: 'resend' })).length, 1);
});

eachStore('of ten who ask two daemons whether they may send anew, one may', async ({ t, store, open }) => {
  const first = await start(t, { encryptionKey: KEY, store });
  const second = await start(t, { encryptionKey: KEY, store: open(), now: first.clock });
  const daemon = { ...first, store };
  const may = async (n: number) => {
    const { body } = await post(n % 2 === 0 ? first : second, '/api/messages/may-resend', { key: ' reset:42 ' });
    return body['answer'];
  };
  const ten = async () => (await Promise.all(Array.from({ length: 10 }, (_, n) => may(n)))).sort();
  const one = [...Array(9).fill('wait'), 'yes'];
  assert.deepEqual(await ten(), one, 'before the first mail');
  const { token } = await queued(daemon, { 'v:homing-key': 'reset:42' });
  first.clock.advance(MINUTE);
  assert.deepEqual(await ten(), one);
  const { token: newest } = await queued(daemon, { 'v:homing-key': 'reset:42' });
  assert.equal((await again(first, token)).body['result'], 'cancelled', 'a newer one has taken its place');
  first.clock.advance(MINUTE);
  assert.equal(await may(0), 'wait', 'the second wait is twice as long');
  await told(daemon, newest, ...left(first.clock()), reported('delivered', first.clock()));
  assert.equal(await may(1), 'already_delivered');
  first.clock.advance(15 * MINUTE);
  assert.equal(await may(0), 'yes', 'a mail that is worth nothing any more keeps nobody from a new one');
});

test('whoever may not send anew is told until when, and a cancelled flow has ended', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const may = () => post(running, '/api/messages/may-resend', { key: 'reset:42' });
  await queued(running, { 'v:homing-key': 'reset:42' });
  running.clock.advance(18 * SECOND);
  const { body, headers } = await may();
  assert.deepEqual(body, { answer: 'wait', resendAvailableAt: iso(running.clock() + 42 * SECOND) });
  assert.equal(headers.get('retry-after'), '42');
  await post(running, '/api/messages/cancel', { key: 'reset:42' });
  running.clock.advance(MINUTE);
  assert.deepEqual((await may()).body, { answer: 'cancelled', resendAvailableAt: null });
  assert.equal((await post(running, '/api/messages/may-resend', {})).status, 400);
  assert.equal((await ask(`${running.url}/api/messages/may-resend`, { method: 'POST' })).status, 401);
});

const shown = (running: Running, path: string, method = 'GET') =>
  fetch(running.url + path, {
    method,
    redirect: 'manual',
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  });

test('a browser is shown a page with the same words, and a button once it can be pressed', async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  await told(running, token, ...left(running.clock()));
  const early = await shown(running, `/status/${token}`);
  assert.match(early.headers.get('content-type') ?? '', /^text\/html; charset=utf-8/);
  assert.match(early.headers.get('content-security-policy') ?? '', /default-src 'none'.*form-action 'self'/);
  assert.equal(early.headers.get('referrer-policy'), 'no-referrer');
  const text = await early.text();
  assert.match(text, /Your email was sent/);
  assert.match(text, /It can be sent again in 1 min/);
  assert.doesNotMatch(text, /<form|<script|ann|example/);
  running.clock.advance(MINUTE);
  assert.match(await (await shown(running, `/status/${token}`)).text(), /<button>Send it again<\/button>/);
  const pressed = await shown(running, `/status/${token}/resend`, 'POST');
  assert.deepEqual([pressed.status, pressed.headers.get('location')], [303, `../${token}`]);
  assert.equal((await viewOf(running, token)).delivery.state, 'queued');
  const wrong = await shown(running, '/status/nothing');
  assert.equal(wrong.status, 404);
  assert.match(await wrong.text(), /This link is not valid, or it is too old/);
});

test('the button of the page works', { skip: withoutBrowser }, async (t) => {
  const running = await start(t, { encryptionKey: KEY });
  const { token } = await queued(running);
  await told(running, token, ...left(running.clock()));
  running.clock.advance(MINUTE);
  const page = await (await startBrowser(t)).newPage();
  await page.goto(`${running.url}/status/${token}`);
  await page.getByRole('button').click();
  await page.getByText('It can be sent again in 2 min').waitFor();
  assert.equal(page.url(), `${running.url}/status/${token}`);
  assert.equal((await viewOf(running, token)).delivery.state, 'queued');
});

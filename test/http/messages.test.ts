import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../src/base/ids.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { until } from '../../src/lab/campaign/application.ts';
import type { Store } from '../../src/store/db/open.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { signsOf } from '../../src/store/notes/signs.ts';
import type { View } from '../../src/store/rows/rows.ts';
import { ask, DOMAIN, get, post, SENT, SETTINGS, start, TOKEN } from './support.ts';

async function viewsOf(store: Store, id: unknown): Promise<View[]> {
  const found = await findMessage(store, String(id));
  return found?.views ?? [];
}

async function knownDomains(store: Store): Promise<string[]> {
  const rows: { domain: string }[] = await store.db('domains');
  return rows.map((row) => row.domain);
}

const kinds = (view: View | undefined): string[] => (view?.facts ?? []).map((f) => f.key).sort();

test('a call without the right token is 401 and does nothing', async (t) => {
  const running = await start(t, { tokens: ['first-token', TOKEN] });
  const path = `${running.url}/api/messages`;
  const wrong = ['', 'Bearer', 'Bearer ', 'Bearer nope', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, `Bearer  ${TOKEN}`];
  for (const Authorization of wrong) {
    const headers = { Authorization, 'Content-Type': 'application/json' };
    const reply = await ask(path, { method: 'POST', headers, body: JSON.stringify(SENT) });
    assert.equal(reply.status, 401, Authorization);
    assert.equal(reply.headers.get('www-authenticate'), 'Bearer');
    assert.equal((await ask(path, { headers: { Authorization } })).status, 401);
  }
  assert.deepEqual((await get(running, '/api/messages')).body['messages'], []);
  const other = await ask(path, { headers: { Authorization: 'Bearer first-token' } });
  assert.equal(other.status, 200);
});

test('what a call of the application says of Mailgun is counted a moment later', async (t) => {
  const running = await start(t);
  const error = { status: 503, message: 'Service Unavailable' };
  assert.equal((await post(running, '/api/messages', { ...SENT, state: 'refused', error })).status, 201);
  const moment = { now: running.clock(), window: SETTINGS.outageWindow };
  await until('the sign to be counted', async () => (await signsOf(running.store, 'mailgun', moment)).failed === 1);
});

test('without a configured token every call is 401 and says so', async (t) => {
  const running = await start(t, { tokens: [] });
  for (const Authorization of ['Bearer ', 'Bearer undefined', `Bearer ${TOKEN}`]) {
    const reply = await ask(`${running.url}/api/messages`, { headers: { Authorization } });
    assert.equal(reply.status, 401);
    assert.match(String(reply.body['error']), /API_TOKENS/);
  }
});

test('a message that was sent is recorded for each recipient, and its domain is remembered', async (t) => {
  const running = await start(t);
  const reply = await post(running, '/api/messages', {
    ...SENT,
    domain: 'MG.Example.COM',
    to: ['Ann <Ann@Example.ORG>', '"Smith, Bob" <bob@example.org>, carl@example.org'],
    cc: 'Team: dora@example.org, Emil <emil@example.org>;',
    bcc: ['ann@example.org'],
    class: 'access',
    key: 'reset:42',
  });
  assert.equal(reply.status, 201);
  const views = await viewsOf(running.store, reply.body['id']);
  assert.deepEqual(views.map((v) => v.recipient).sort(), [
    'Ann@example.org',
    'bob@example.org',
    'carl@example.org',
    'dora@example.org',
    'emil@example.org',
  ]);
  for (const view of views) {
    assert.equal(view.delivery.state, 'accepted');
    assert.deepEqual(kinds(view), ['accepted:1', 'claimed:1']);
    assert.equal(view.domain, DOMAIN);
    assert.equal(view.rfcMessageId, `one@${DOMAIN}`);
    assert.equal(view.class, 'access');
    assert.equal(view.key, 'reset:42');
    assert.equal(view.origin, 'recorded');
  }
  assert.deepEqual(await knownDomains(running.store), [DOMAIN]);
});

test('the same message told again is 200 with the same id, with or without angle brackets, and changes nothing', async (t) => {
  const running = await start(t);
  const first = await post(running, '/api/messages', SENT);
  const again = await post(running, '/api/messages', { ...SENT, messageId: `one@${DOMAIN}` });
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.equal(again.body['id'], first.body['id']);
  const elsewhere = await post(running, '/api/messages', { ...SENT, domain: 'other.example.com' });
  assert.equal(elsewhere.status, 201);
  const [view, ...others] = await viewsOf(running.store, first.body['id']);
  assert.equal(others.length, 0);
  assert.deepEqual(kinds(view), ['accepted:1', 'claimed:1']);
});

test('a message about to be sent waits for its answer, and "accepted" told later adds it', async (t) => {
  const running = await start(t);
  const { body } = await post(running, '/api/messages', { ...SENT, state: 'sending' });
  const [before] = await viewsOf(running.store, body['id']);
  assert.equal(before?.delivery.state, 'sending');
  assert.equal(before?.delivery.nextAt, running.clock() + SETTINGS.lease);
  running.clock.advance(SECOND);
  assert.equal((await post(running, '/api/messages', SENT)).status, 200);
  const [after] = await viewsOf(running.store, body['id']);
  assert.equal(after?.delivery.state, 'accepted');
  assert.deepEqual(kinds(after), ['accepted:1', 'claimed:1']);
});

test('a refusal says by its status and its words what refused it, and a 5xx or no status is no refusal at all', async (t) => {
  const running = await start(t);
  const why: [number | null, string | null, string?][] = [
    [401, 'account'],
    [402, 'account'],
    [403, 'account'],
    [404, 'account'],
    [400, 'account', 'Domain mg.example.com is disabled, Domain not found'],
    [400, 'busy', 'try again later: Domain not found'],
    [429, 'busy'],
    [400, 'invalid'],
    [503, null],
    [null, null],
  ];
  for (const [n, [status, expected, message = 'Domain not\r\nfound']] of why.entries()) {
    const error = { status, message };
    const sent = { ...SENT, messageId: `refused-${n}@${DOMAIN}`, state: 'refused', error };
    const { body } = await post(running, '/api/messages', sent);
    const [view] = await viewsOf(running.store, body['id']);
    const fact = view?.facts.find((f) => f.kind === 'refused' || f.kind === 'unanswered');
    assert.ok(fact?.kind === 'refused' || fact?.kind === 'unanswered');
    assert.equal(fact.kind === 'refused' ? fact.why : null, expected);
    assert.match(fact.detail, /Domain not found$/);
    assert.equal(view?.delivery.state, expected === null ? 'unconfirmed' : 'queued');
  }
});

test('a refusal by SMTP says so by the code of the reply', async (t) => {
  const running = await start(t);
  const codes: [number, string, string?][] = [
    [550, 'permanent'],
    [450, 'temporary'],
    [535, 'account'],
    [421, 'busy'],
    // A client of an earlier version calls each of them a status of 400.
    [400, 'invalid', 'status'],
  ];
  for (const [code, why, name = 'smtp'] of codes) {
    const error = { [name]: code, message: 'no' };
    const { body } = await post(running, '/api/messages', {
      ...SENT,
      messageId: `${code}@${DOMAIN}`,
      state: 'refused',
      error,
    });
    const [view] = await viewsOf(running.store, body['id']);
    const fact = view?.facts.find((f) => f.kind === 'refused');
    assert.ok(fact?.kind === 'refused');
    assert.deepEqual([fact.why, fact.detail], [why, name === 'smtp' ? `SMTP ${code} no` : `${code} no`]);
  }
  const wrong = await post(running, '/api/messages', { ...SENT, state: 'refused', error: { smtp: 250 } });
  assert.deepEqual(wrong.body['problems'], ['error.smtp must be the code of an SMTP reply from 400 to 599']);
});

test('recipients that would have to be guessed are refused by their place', async (t) => {
  const running = await start(t);
  const lists: [string | string[], string][] = [
    ['ann@example.org bee@example.net', 'to is not a plain e-mail address'],
    ['Ann <ann@example.org> Bee <bee@example.net>', 'to is not a plain e-mail address'],
    ['<ann@example.org><bee@example.net>', 'to is not a plain e-mail address'],
    ['a b@example.org', 'to is not a plain e-mail address'],
    [['cid@example.com', 'ann@example.org, <bee@example.net><x@y.z>'], 'to[1] address 2 is not a plain e-mail address'],
  ];
  for (const [to, problem] of lists) {
    const reply = await post(running, '/api/messages', { ...SENT, to });
    assert.deepEqual([reply.status, reply.body['problems']], [400, [problem]], String(to));
  }
  assert.equal((await running.store.db('messages')).length, 0);
});

test('the id that the application has chosen is kept, and one that is taken is a conflict', async (t) => {
  const running = await start(t);
  const id = newId(running.clock());
  const first = await post(running, '/api/messages', { ...SENT, id });
  const again = await post(running, '/api/messages', { ...SENT, id });
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.deepEqual([first.body['id'], again.body['id']], [id, id]);
  const taken = await post(running, '/api/messages', { ...SENT, messageId: `two@${DOMAIN}`, id });
  assert.equal(taken.status, 409);
  assert.equal((await get(running, '/api/messages')).body['next'], null);
});

test('the time of creation may be told, and a clock that is ahead does not make a message live longer', async (t) => {
  const running = await start(t);
  const at = running.clock() - HOUR;
  const told = [at, new Date(at).toISOString(), running.clock() + HOUR];
  const created: unknown[] = [];
  for (const [n, createdAt] of told.entries()) {
    const { body } = await post(running, '/api/messages', { ...SENT, messageId: `m${n}@${DOMAIN}`, createdAt });
    created.push((await get(running, `/api/messages/${String(body['id'])}`)).body['createdAt']);
  }
  const iso = (ms: number) => new Date(ms).toISOString();
  assert.deepEqual(created, [iso(at), iso(at), iso(running.clock())]);
});

test('a newer message with the same key ends the older one', async (t) => {
  const running = await start(t);
  const old = await post(running, '/api/messages', { ...SENT, key: 'reset:42' });
  running.clock.advance(MINUTE);
  await post(running, '/api/messages', { ...SENT, messageId: `two@${DOMAIN}`, key: 'reset:42' });
  const [view] = await viewsOf(running.store, old.body['id']);
  assert.deepEqual([view?.delivery.state, view?.delivery.reason], ['cancelled', 'superseded']);
});

test('every problem is named at once, by its place and without its value, and nothing is stored', async (t) => {
  const running = await start(t);
  const reply = await post(running, '/api/messages', {
    messageId: 'has a space',
    domain: 'no domain',
    from: 7,
    to: ['ann@example.org', 'secret@bad_domain', 'a@example.org b@example.org', 'x@example.org\r\nBcc: y@example.org'],
    cc: 'dora@example.org, not-an-address',
    bcc: [],
    class: 'urgent',
    key: 'k'.repeat(200),
    state: 'sent',
    createdAt: 'yesterday',
    deliverAt: 'tomorrow',
    id: 'short',
  });
  assert.equal(reply.status, 400);
  const problems = reply.body['problems'] as string[];
  const places = problems.map((p) => p.split(' ')[0]);
  assert.deepEqual(
    [...places].sort(),
    [
      'cc',
      'class',
      'createdAt',
      'deliverAt',
      'domain',
      'from',
      'id',
      'key',
      'messageId',
      'state',
      'to[1]',
      'to[2]',
      'to[3]',
    ].sort(),
  );
  assert.match(problems.find((p) => p.startsWith('cc')) ?? '', /address 2/);
  assert.doesNotMatch(JSON.stringify(reply.body), /secret|has a space|urgent|yesterday/);
  assert.deepEqual((await get(running, '/api/messages')).body['messages'], []);
  assert.deepEqual(await knownDomains(running.store), []);
});

test('what is no object, names nobody or does not say why it was refused is 400', async (t) => {
  const running = await start(t);
  const { state: _state, ...stateless } = SENT;
  const many = Array.from({ length: 1001 }, (_, n) => `r${n}@example.org`);
  const bad = [
    [],
    'text',
    7,
    null,
    {},
    { ...SENT, to: [] },
    { ...SENT, to: '' },
    { ...SENT, to: 'undisclosed-recipients:;' },
    { ...SENT, to: [['ann@example.org']] },
    { ...SENT, to: { address: 'ann@example.org' } },
    { ...SENT, to: many },
    { ...SENT, cc: many.join(',') },
    { ...SENT, state: 'refused' },
    { ...SENT, messageId: '<>' },
    { ...SENT, messageId: 'ünicode@example.com' },
    { ...SENT, messageId: `${'x'.repeat(999)}` },
    { ...SENT, from: 'Shop\nBcc: all@example.com' },
    stateless,
  ];
  for (const body of bad) {
    const reply = await post(running, '/api/messages', body);
    assert.equal(reply.status, 400, JSON.stringify(body).slice(0, 80));
    assert.ok((reply.body['problems'] as string[]).length > 0);
  }
  assert.deepEqual((await get(running, '/api/messages')).body['messages'], []);
});

test('a thousand recipients are taken', async (t) => {
  const running = await start(t);
  const to = Array.from({ length: 1000 }, (_, n) => `r${n}@example.org`);
  const { status, body } = await post(running, '/api/messages', { ...SENT, to });
  assert.equal(status, 201);
  assert.equal((await viewsOf(running.store, body['id'])).length, 1000);
});

test('a body that is no JSON, not declared as JSON, packed or too large is refused', async (t) => {
  const running = await start(t);
  const send = (body: RequestInit['body'], headers: Record<string, string> = {}) => {
    const all = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json', ...headers };
    return ask(`${running.url}/api/messages`, { method: 'POST', headers: all, body: body ?? null });
  };
  const good = JSON.stringify(SENT);
  assert.equal((await send('{"secret":')).status, 400);
  assert.doesNotMatch(JSON.stringify((await send('{"secret":')).body), /secret/);
  assert.equal((await send(Buffer.from([0x22, 0xff, 0x22]))).status, 400);
  assert.equal((await send(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)).status, 400);
  assert.equal((await send(good, { 'Content-Type': 'text/plain' })).status, 415);
  assert.equal((await send(good, { 'Content-Type': 'application/x-www-form-urlencoded' })).status, 415);
  assert.equal((await send(good, { 'Content-Encoding': 'gzip' })).status, 415);
  assert.equal((await send(JSON.stringify({ ...SENT, subject: 'x'.repeat(300_000) }))).status, 413);
  assert.equal((await send(`{"__proto__":{"polluted":1},${good.slice(1)}`)).status, 201);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('a subject of many lines is one line, and one that is too long is cut visibly', async (t) => {
  const running = await start(t);
  const first = await post(running, '/api/messages', { ...SENT, subject: 'Your\r\n receipt' });
  const second = await post(running, '/api/messages', { ...SENT, messageId: 'b@b', subject: '🎉'.repeat(1200) });
  const subjectOf = async (id: unknown) => String((await get(running, `/api/messages/${String(id)}`)).body['subject']);
  assert.equal(await subjectOf(first.body['id']), 'Your receipt');
  assert.match(await subjectOf(second.body['id']), /^(?:🎉){997}…$/u);
});

test('a database that can not be used is 503, and asks to come again', async (t) => {
  const running = await start(t);
  await running.store.close();
  for (const reply of [await post(running, '/api/messages', SENT), await get(running, '/api/messages')]) {
    assert.equal(reply.status, 503);
    assert.ok(Number(reply.headers.get('retry-after')) > 0);
  }
  assert.doesNotMatch(running.logged(), /ann@example|Your receipt/);
});

test('JSON that is deep, wide or wrong in a thousand places is refused in few words, and logs nothing', async (t) => {
  const running = await start(t);
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
  const send = (body: string) => ask(`${running.url}/api/messages`, { method: 'POST', headers, body });
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const wide = JSON.stringify({ ...SENT, to: Array(1000).fill('nobody') });
  const bodies = [
    deep(120_000),
    `[{"class":${deep(120_000)}}]`,
    `{"to":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`,
    `[${'1,'.repeat(120_000)}1]`,
    wide,
  ];
  for (const body of bodies) {
    const reply = await send(body);
    assert.equal(reply.status, 400);
    assert.ok(JSON.stringify(reply.body).length < 10_000);
  }
  // As deep as anything that is taken.
  assert.equal((await send(`[{"class":${deep(28)}}]`)).status, 200);
  assert.equal(running.logged(), '');
});

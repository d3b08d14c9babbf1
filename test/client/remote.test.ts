import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHoming, type Problem } from '../../src/index.ts';
import { DOMAIN, freshFolder, type Reply, startRecording } from './support.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
const MISSING = { status: 404, body: { error: 'not_found' } };
const QUEUED = { status: 200, body: { id: '<x@y>', message: 'Queued. Thank you.' } };
const LOST = { name: 'HomingError', code: 'unavailable', message: /ECONNRESET/ };

test('a question is asked again when the daemon closed the kept socket just then, and a mail queued under the same key', async (t) => {
  const server = await startRecording(t);
  const homing = createHoming({ url: server.url, token: 't' });
  t.after(homing.close);
  server.reply(() => (server.seen.length === 2 ? 'hang up' : MISSING));
  assert.equal(await homing.status('a'), null);
  assert.equal(await homing.status('b'), null);
  assert.deepEqual(
    server.seen.map((seen) => seen.url),
    ['/api/messages/a', '/api/messages/b', '/api/messages/b'],
  );
  server.reply(() => (server.seen.length === 4 ? 'hang up' : QUEUED));
  await homing.deliverLater(DOMAIN, MAIL);
  await homing.deliverLater(DOMAIN, MAIL);
  const [first, second, third] = server.seen.slice(3).map((seen) => seen.headers['idempotency-key']);
  assert.ok(first);
  assert.equal(second, first);
  assert.notEqual(third, first);
});

test('close waits for the answer to what was asked', async (t) => {
  const server = await startRecording(t);
  const homing = createHoming({ url: server.url, token: 't' });
  let closed = Promise.resolve();
  server.reply(() => {
    closed = homing.close();
    return QUEUED;
  });
  assert.equal((await homing.deliverLater(DOMAIN, MAIL)).id, QUEUED.body.id);
  await closed;
});

test('records that are too large together go in parts, by the daemon’s word or by their size in bytes', async (t) => {
  const server = await startRecording(t);
  const homing = createHoming({ url: server.url, token: 't', patience: 5000, spool: { folder: freshFolder(t) } });
  t.after(homing.close);
  const sizes: number[] = [];
  const told = new Set<string>();
  server.reply(({ parts }) => {
    const body = Buffer.from(parts[0]?.value ?? '', 'base64');
    const records = JSON.parse(body.toString()) as { messageId: string }[];
    sizes.push(body.length);
    if (records.length > 7) return { status: 413, body: { error: 'too_large' } };
    for (const { messageId } of records) told.add(messageId);
    return { status: 200, body: { results: records.map(() => ({})) } };
  });
  const client = homing.wrapMailgun({
    messages: { create: async (_domain: string, _data: object) => ({ status: 200, id: '<x@y>' }) },
  });
  const mail = { ...MAIL, subject: '漢'.repeat(2000) };
  await Promise.all(Array.from({ length: 100 }, () => client.messages.create(DOMAIN, mail)));
  await homing.flush();
  assert.equal(told.size, 100);
  assert.deepEqual(homing.counts(), { recorded: 200, spooled: 0, filed: 0, lost: 0 });
  assert.ok(Math.max(...sizes) <= 200 * 1024, `${Math.max(...sizes)} bytes at once`);
});

test('a socket that was lost on its first question is an error', async (t) => {
  const server = await startRecording(t);
  const homing = createHoming({ url: server.url, token: 't' });
  t.after(homing.close);
  server.reply(() => 'hang up');
  await assert.rejects(homing.status('a'), LOST);
  assert.equal(server.seen.length, 1);
});

test('a token follows no redirect', async (t) => {
  const server = await startRecording(t);
  const other = await startRecording(t);
  const homing = createHoming({ url: server.url, token: 't' });
  t.after(homing.close);
  server.reply(() => ({ status: 307, body: '', headers: { location: `${other.url}/api/messages/a` } }));
  await assert.rejects(homing.status('a'), /no Homing: it answered 307/);
  assert.equal(other.seen.length, 0);
});

/** Wraps a client whose every call is accepted, and keeps what is told of trouble. */
function wrapped(t: TestContext, url: string) {
  const problems: Problem[] = [];
  const spool = { folder: freshFolder(t), pause: 60_000 };
  const onProblem = (problem: Problem) => problems.push(problem);
  const homing = createHoming({ url, token: 'wrong', patience: 5000, spool, onProblem });
  t.after(homing.close);
  const create = async (_domain: string, _data: object) => ({ status: 200, id: '<x@y>' });
  return { homing, problems, client: homing.wrapMailgun({ messages: { create } }) };
}

const TAKEN: Reply = ({ parts }) => {
  const records = JSON.parse(Buffer.from(parts[0]?.value ?? '', 'base64').toString()) as object[];
  return { status: 200, body: { results: records.map(() => ({})) } };
};

for (const [what, answer, detail] of [
  ['a wrong token', { status: 401, body: { error: 'unauthorized' } }, /answered 401.*token/],
  ['another server', { status: 404, body: '<h1>Not Found</h1>', type: 'text/html' }, /no Homing: it answered 404/],
  ['a page that answers everything', { status: 200, body: '<h1>Hello</h1>', type: 'text/html' }, /no Homing/],
  ['a redirect', { status: 307, body: '', headers: { location: '/elsewhere' } }, /no Homing: it answered 307/],
] as const)
  test(`${what} is told of with each record, which waits until that is mended`, async (t) => {
    const server = await startRecording(t);
    const { homing, problems, client } = wrapped(t, server.url);
    server.reply(() => answer);
    await client.messages.create(DOMAIN, MAIL);
    await homing.flush();
    assert.deepEqual([...new Set(problems.map(({ kind }) => kind))], ['misconfigured']);
    assert.equal(problems.length, homing.counts().spooled);
    for (const problem of problems) assert.match(problem.detail, detail);
    server.reply(TAKEN);
    await homing.close();
    assert.deepEqual([homing.counts().filed, homing.counts().lost], [2, 0]);
  });

test('a daemon that is busy is an outage', async (t) => {
  const server = await startRecording(t);
  const { homing, problems, client } = wrapped(t, server.url);
  server.reply(() => ({ status: 503, body: { error: 'the database can not be used now' } }));
  await client.messages.create(DOMAIN, MAIL);
  await homing.flush();
  assert.deepEqual(problems, [{ kind: 'spooled', count: 1, detail: 'the daemon answered 503' }]);
});

test('a record that something on the way objects to keeps out none of the others', async (t) => {
  const server = await startRecording(t);
  const { homing, problems, client } = wrapped(t, server.url);
  server.reply((seen) => {
    const body = Buffer.from(seen.parts[0]?.value ?? '', 'base64').toString();
    return body.includes('DROP TABLE') ? { status: 400, body: { error: 'blocked' } } : TAKEN(seen);
  });
  const subjects = Array.from({ length: 20 }, (_, n) => (n === 7 ? 'DROP TABLE' : 'Hello'));
  await Promise.all(subjects.map((subject) => client.messages.create(DOMAIN, { ...MAIL, subject })));
  await homing.flush();
  assert.deepEqual(homing.counts(), { recorded: 38, spooled: 0, filed: 0, lost: 0 });
  assert.deepEqual(
    new Set(problems.map(({ kind, detail }) => `${kind} ${detail}`)),
    new Set(['refused the store will not take it: blocked']),
  );
});

test('a question fails with what the daemon said, by a code', async (t) => {
  const server = await startRecording(t);
  const homing = createHoming({ url: `${server.url}/`, token: 't' });
  t.after(homing.close);
  const failsWith = async (answer: ReturnType<Reply>, code: string, message: RegExp) => {
    server.reply(() => answer);
    await assert.rejects(homing.deliverLater(DOMAIN, MAIL), { name: 'HomingError', code, message });
  };
  await failsWith({ status: 400, body: { message: 'to parameter is missing' } }, 'invalid', /to parameter is missing/);
  await failsWith({ status: 401, body: { message: 'Forbidden' } }, 'unauthorized', /token/);
  await failsWith({ status: 404, body: { message: 'Domain not found: x' } }, 'not_found', /Domain not found/);
  await failsWith({ status: 409, body: { message: 'taken' } }, 'conflict', /taken/);
  await failsWith({ status: 413, body: { message: 'too large' } }, 'too_large', /too large/);
  await failsWith({ status: 503, body: {} }, 'unavailable', /answered 503/);
  await failsWith({ status: 404, body: '<h1>', type: 'text/html' }, 'misconfigured', /no Homing/);
  server.reply(() => ({ status: 404, body: '<h1>', type: 'text/html' }));
  await assert.rejects(homing.status('a'), { code: 'misconfigured' });
  await assert.rejects(homing.cancel({ id: 'a' }), { code: 'misconfigured' });
});

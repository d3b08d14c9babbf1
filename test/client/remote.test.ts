import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHoming } from '../../src/index.ts';
import { DOMAIN, freshFolder, startRecording } from './support.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
const MISSING = { status: 404, body: { error: 'not_found' } };
const QUEUED = { status: 200, body: { id: '<x@y>', message: 'Queued. Thank you.' } };
const LOST = { code: 'ECONNRESET' };

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
  await assert.rejects(homing.status('a'), /answered 307/);
  assert.equal(other.seen.length, 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHoming } from '../../src/index.ts';
import { DOMAIN, startRecording } from './support.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
const MISSING = { status: 404, body: { error: 'not_found' } };
const LOST = { code: 'ECONNRESET' };

test('a question is asked again when the daemon closed the kept socket just then; a mail is never queued again', async (t) => {
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
  server.reply(() => 'hang up');
  await assert.rejects(homing.deliverLater(DOMAIN, MAIL), LOST);
  assert.equal(server.seen.length, 4);
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

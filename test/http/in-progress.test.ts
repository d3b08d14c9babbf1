import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { createOneAtATime } from '../../src/http/in-progress.ts';
import { DOMAIN, startByHand } from '../support/homing.ts';

const AUTHORIZATION = `Basic ${Buffer.from('api:token').toString('base64')}`;
const FORM = 'from=Shop%20%3Cshop%40mg.example.com%3E&to=ann%40example.org&subject=Hello&text=Hi';

test('a call whose key is in progress is refused for now, and taken when the other one has gone', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const path = `/v3/${DOMAIN}/messages`;
  const socket = connect(Number(new URL(homing.url).port), '127.0.0.1');
  t.after(() => socket.destroy());
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: homing',
    `Authorization: ${AUTHORIZATION}`,
    'Idempotency-Key: "k1"',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${FORM.length}`,
    'Expect: 100-continue',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 100 /, 'the call is in progress, and its body is awaited');

  const post = (key: string) =>
    fetch(homing.url + path, {
      method: 'POST',
      headers: { authorization: AUTHORIZATION, 'idempotency-key': key },
      body: new URLSearchParams(FORM),
    });
  const refused = await post('k1');
  assert.equal(refused.status, 409);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.deepEqual(await refused.json(), { message: 'a call with this Idempotency-Key is in progress' });
  assert.equal((await post('k2')).status, 200, 'another key waits for nothing');

  socket.destroy();
  const taken = await post('k1');
  assert.equal(taken.status, 200);
  assert.equal(taken.headers.get('idempotent-replayed'), null);
  assert.equal((await post('k1')).headers.get('idempotent-replayed'), 'true');
  assert.equal((await homing.store.db('messages').select('id')).length, 2);
});

test('all that wait for a call go on when it has ended, however it ended', async () => {
  const oneAtATime = createOneAtATime(60_000);
  let fail = (_: Error): void => {};
  const failing = oneAtATime('k', () => new Promise<void>((_, reject) => (fail = reject)));
  const done: string[] = [];
  const others = ['a', 'b'].map((name) => oneAtATime('k', async () => done.push(name)));
  await oneAtATime('other', async () => done.push('other'));
  await oneAtATime(null, async () => done.push('unnamed'));
  assert.deepEqual(done, ['other', 'unnamed']);
  fail(new Error('broken off'));
  await assert.rejects(failing, /broken off/);
  await Promise.all(others);
  assert.deepEqual(done.slice(2).sort(), ['a', 'b']);
});

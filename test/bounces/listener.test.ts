// The port at which returned mail is taken, and those who misuse it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type BounceLimits, listenForBounces } from '../../src/bounces/listener.ts';
import { createSmtp } from '../../src/providers/smtp/provider.ts';
import { createReturnPath } from '../../src/providers/smtp/return-path.ts';
import { createFiling } from '../../src/store/inbox/filing.ts';
import type { Arrival } from '../../src/store/inbox/inbox.ts';
import { clockAt } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import * as from from '../support/returned.ts';
import { returnMail, talkTo } from '../support/smtp-talk.ts';

const BOUNCES = { domain: 'bounces.example.com', keys: ['ab'.repeat(32)] };
const LIMITS: BounceLimits = {
  ...{ size: 1024 * 1024, connections: 5, fromOne: 5, idle: 60_000, longest: 60_000, recipients: 3, wrong: 2 },
};

async function start(t: TestContext, limits: Partial<BounceLimits> = {}) {
  const providers = ['smtp://127.0.0.1:2001', 'smtp://127.0.0.1:2002'].map((url) =>
    createSmtp(url, { lease: 20_000, bounces: BOUNCES }),
  );
  const kept: Arrival[] = [];
  let trouble: Error | null = null;
  const lines: string[] = [];
  const file = createFiling({
    async keep(arrivals) {
      if (trouble) throw trouble;
      kept.push(...arrivals);
    },
    onKept() {},
    log: logInto(lines),
  });
  const listener = await listenForBounces(
    { providers, file, now: clockAt(), log: logInto(lines) },
    { host: '127.0.0.1', port: 0, name: 'bounces.example.com', limits: { ...LIMITS, ...limits } },
  );
  t.after(async () => {
    await listener.close();
    await Promise.all(providers.map((provider) => provider.close()));
  });
  const addressOf = (n: number, by = 0) =>
    createReturnPath(BOUNCES, providers[by]?.name ?? '').addressOf({
      deliveryId: `01JD4ZKQ8M9V7T3X5W2YB6NCR${n}`,
      attempt: 1,
    });
  const send = (to: string | string[], raw = from.postfix({ to: String(to), recipient: 'ann@example.net' })) =>
    returnMail(t, listener.port, to, raw);
  return {
    ...{ listener, kept, lines, send, addressOf },
    fail(error: Error | null) {
      trouble = error;
    },
  };
}

test('a mail for a return path is taken when it is kept, as an event of the provider that it went out through', async (t) => {
  const { send, kept, addressOf } = await start(t);
  assert.match(await send(addressOf(1)), /^250 /);
  assert.match(await send(addressOf(2, 1).toUpperCase()), /^250 /);
  assert.deepEqual(
    kept.map(({ provider, source }) => [provider, source]),
    [
      ['127.0.0.1:2001', 'webhook'],
      ['127.0.0.1:2002', 'webhook'],
    ],
  );
  assert.match(kept[0]?.body ?? '', /^Return-Path: <>\r\nDelivered-To: bounce\+/);
});

test('one mail for several return paths is an event for each', async (t) => {
  const { send, kept, addressOf } = await start(t);
  assert.match(await send([addressOf(1), addressOf(2), addressOf(3, 1)]), /^250 /);
  assert.equal(new Set(kept.map(({ about }) => about)).size, 3);
});

test('nothing is taken for anybody else, so it relays nothing and returns nothing', async (t) => {
  const { listener, kept, addressOf } = await start(t, { wrong: 100 });
  const { say, greeting } = await talkTo(t, listener.port);
  assert.match(greeting, /^220 bounces\.example\.com /);
  const hello = await say('EHLO mx.relay.example');
  assert.doesNotMatch(hello, /AUTH|STARTTLS/);
  await say('MAIL FROM:<ann@example.net>');
  const genuine = addressOf(1);
  const forged = genuine.replace(/[0-9a-f]{20}@/, `${'0'.repeat(20)}@`);
  for (const other of ['ann@example.net', `postmaster@${BOUNCES.domain}`, forged, genuine.replace('bounces', 'other')])
    assert.match(await say(`RCPT TO:<${other}>`), /^550 5\.1\.1 /, other);
  assert.match(await say('DATA'), /^503 /);
  assert.deepEqual(kept, []);
});

test('who tries one address after the other is sent away', async (t) => {
  const { listener } = await start(t);
  const { say, ended } = await talkTo(t, listener.port);
  await say('EHLO x.example');
  const replies: string[] = [];
  for (let n = 0; n < 3; n++) {
    await say('MAIL FROM:<>');
    replies.push((await say(`RCPT TO:<a${n}@${BOUNCES.domain}>`)).slice(0, 3));
    if (n < 2) await say('RSET');
  }
  assert.deepEqual(replies, ['550', '550', '421']);
  await ended;
});

test('while nothing can be kept a mail is put off, and the same one is taken afterwards', async (t) => {
  const { send, kept, fail, addressOf } = await start(t);
  fail(new Error('the database is away'));
  assert.match(await send(addressOf(1)), /^451 4\.3\.0 /);
  fail(null);
  assert.match(await send(addressOf(1)), /^250 /);
  assert.equal(kept.length, 1);
});

test('a mail that is too large is refused, and of a large one little is kept', async (t) => {
  const { listener, send, kept, addressOf } = await start(t);
  const bounce = from.postfix({ to: addressOf(1), recipient: 'ann@example.net' });
  const ofSize = (size: number) => Buffer.concat([bounce, Buffer.alloc(size, `${'x'.repeat(70)}\r\n`)]);
  assert.match(await send(addressOf(1), ofSize(1024 * 1024)), /^552 5\.3\.4 /);
  assert.equal(kept.length, 0);
  assert.match(await send(addressOf(1), ofSize(900_000)), /^250 /);
  assert.ok(kept.every(({ body }) => body.length < 300_000));
  assert.equal(kept.length, 1);
  const { say } = await talkTo(t, listener.port);
  await say('EHLO x.example');
  assert.match(await say('MAIL FROM:<> SIZE=2000000'), /^552 /, 'one that is announced is refused at once');
});

test('what is no mail is refused for good', async (t) => {
  const { send, kept, addressOf } = await start(t);
  assert.match(await send(addressOf(1), Buffer.from('hello\r\n')), /^554 /);
  assert.deepEqual(kept, []);
});

test('a mail has so many recipients and no more', async (t) => {
  const { send, addressOf } = await start(t);
  assert.match(await send([1, 2, 3, 4].map((n) => addressOf(n))), /^452 /);
});

test('who says nothing is hung up on, and so is who talks without end', async (t) => {
  const silent = await start(t, { idle: 300 });
  const { ended } = await talkTo(t, silent.listener.port);
  await ended;
  const endless = await start(t, { longest: 1500 });
  const { say, socket, ended: over } = await talkTo(t, endless.listener.port);
  await say('EHLO slow.example');
  await say('MAIL FROM:<>');
  await say(`RCPT TO:<${endless.addressOf(1)}>`);
  await say('DATA');
  const drip = setInterval(() => socket.write('x\r\n'), 50);
  t.after(() => clearInterval(drip));
  await over;
  assert.deepEqual(endless.kept, [], 'a mail that was cut is none');
});

test('one address has so many connections, and others are served all the same', async (t) => {
  const { listener, send, kept, addressOf } = await start(t, { connections: 4, fromOne: 2 });
  const talks = [await talkTo(t, listener.port), await talkTo(t, listener.port)];
  const { greeting } = await talkTo(t, listener.port);
  assert.match(greeting, /^421 4\.7\.0 /);
  for (const { socket, ended } of talks) {
    socket.end('QUIT\r\n');
    await ended;
  }
  assert.match(await send(addressOf(1)), /^250 /);
  assert.equal(kept.length, 1);
});

test('who hangs up in the middle, or speaks another language, disturbs nobody', async (t) => {
  const { listener, send, lines, kept, addressOf } = await start(t);
  for (const text of [
    'GET / HTTP/1.1\r\n\r\n',
    '\x16\x03\x01\x02\0',
    'EHLO x\r\nMAIL FROM:<>\r\nRCPT',
    'x'.repeat(70_000),
  ]) {
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(text);
    socket.resetAndDestroy();
  }
  const { say, socket, ended } = await talkTo(t, listener.port);
  for (const line of ['EHLO x.example', 'MAIL FROM:<>', `RCPT TO:<${addressOf(1)}>`, 'DATA']) await say(line);
  socket.write('From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n550 5.1.1 no');
  socket.end();
  await ended;
  assert.deepEqual(kept, []);
  assert.match(await send(addressOf(1)), /^250 /);
  assert.ok(!lines.some((line) => line.includes('could not be taken')), lines.join('\n'));
});

test('a mail that is under way when it stops is answered as what became of it, and nobody else is waited for', async (t) => {
  const { listener, kept, addressOf } = await start(t);
  const idle = await talkTo(t, listener.port);
  const { say, socket } = await talkTo(t, listener.port);
  await say('EHLO mx.relay.example');
  await say('MAIL FROM:<>');
  await say(`RCPT TO:<${addressOf(1)}>`);
  await say('DATA');
  const closed = listener.close();
  await idle.ended;
  assert.match(await say('From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n550 5.1.1 no\r\n.'), /^250 /);
  assert.equal(kept.length, 1);
  socket.end('QUIT\r\n');
  await closed;
  await assert.rejects(talkTo(t, listener.port).then(({ greeting }) => assert.notEqual(greeting, '')));
});

// What must not harm a mail: trouble in the application's own words, in its options, in the place of the records.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import nodemailer from 'nodemailer';
import { openSpool } from '../../src/base/spool.ts';
import { createHoming, type HomingOptions, type Problem } from '../../src/index.ts';
import { startSink } from '../../src/lab/sim/sink.ts';
import { onMariaDb, testStore } from '../support/stores.ts';
import { clientFor, DOMAIN, findFiled, freshFolder, partOf, startRecording, startWay } from './support.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
const NOWHERE = 'mysql://root@127.0.0.1:1/none';

async function setup(t: TestContext, options: Partial<HomingOptions> = {}) {
  const { store, url } = await testStore(t, 'sqlite');
  const server = await startRecording(t);
  const sink = await startSink();
  t.after(sink.close);
  const problems: Problem[] = [];
  const onProblem = (problem: Problem) => problems.push(problem);
  const spool = { folder: freshFolder(t), pause: 60_000 };
  const homing = createHoming({ database: url, patience: 5000, spool, onProblem, ...options } as HomingOptions);
  t.after(homing.close);
  const transport = homing.wrapTransport(nodemailer.createTransport(sink.url), { mailgun: true });
  t.after(() => transport.close());
  return { homing, store, server, sink, problems, client: homing.wrapMailgun(clientFor(server.url)), transport };
}

for (const [how, onProblem] of [
  ['throws', () => assert.fail('the logger is not ready')],
  ['rejects', () => Promise.reject(new Error('the logger is not ready'))],
] as const)
  test(`a mail goes out when what is told of trouble ${how}`, async (t) => {
    const { client, server, homing } = await setup(t, { database: NOWHERE, onProblem: onProblem as () => void });
    await client.messages.create(DOMAIN, { ...MAIL, 'v:homing-class': 'urgent' as never });
    await homing.flush();
    assert.equal(server.seen.length, 1);
    assert.equal(homing.counts().spooled, 2);
  });

test('a class or a key that is none is told of and left out, and a number is a key', async (t) => {
  const { transport, store, problems, homing } = await setup(t);
  const send = async (given: unknown) => {
    const info = await transport.sendMail({ ...MAIL, homing: given } as never);
    await homing.flush();
    const { message } = (await findFiled(store, (info as { messageId: string }).messageId)) ?? assert.fail();
    return [message.class, message.message_key];
  };
  assert.deepEqual(await send({ class: 'access', key: 42n }), ['access', '42']);
  assert.equal(problems.length, 0);
  assert.deepEqual(await send({ class: 'urgent', key: { of: 'a map' } }), ['notice', null]);
  assert.deepEqual(await send(null), ['notice', null]);
  assert.deepEqual(
    problems.map((problem) => problem.kind),
    ['untracked', 'untracked'],
  );
});

test('what a transport throws is the answer of sendMail, recorded or not', async (t) => {
  const { homing } = await setup(t);
  const broken = { name: 'broken', version: '1', send: () => assert.fail('out of order') };
  const transport = homing.wrapTransport(nodemailer.createTransport(broken as never));
  await assert.rejects(transport.sendMail(MAIL), /out of order/);
  await assert.rejects(transport.sendMail({ ...MAIL, to: [] }), /out of order/);
});

test('a ready mail is recorded under its own Message-Id, or not at all', async (t) => {
  const { transport, store, problems, homing } = await setup(t);
  const envelope = { from: 'shop@example.com', to: 'ann@example.org' };
  await transport.sendMail({ envelope, raw: 'Message-Id: <own@example.com>\r\nSubject: Ready\r\n\r\nHi' });
  await transport.sendMail({ envelope, raw: Buffer.from('Subject: without an id\r\n\r\nHi') });
  await homing.flush();
  assert.equal((await findFiled(store, 'own@example.com'))?.message.subject, 'Ready');
  assert.equal((await store.db('messages')).length, 1);
  assert.deepEqual(
    problems.map((problem) => problem.kind),
    ['untracked'],
  );
});

test('a domain beyond ASCII is recorded in ASCII, and what is no domain is told of', async (t) => {
  const { client, server, store, problems, homing } = await setup(t);
  await client.messages.create('bücher.example', MAIL);
  await client.messages.create('not a domain', MAIL);
  await homing.flush();
  const [first, second] = server.seen;
  const id = first && partOf(first, 'h:Message-Id');
  assert.match(id ?? '', /^<[0-9a-f]{32}@xn--bcher-kva\.example>$/);
  assert.equal((await findFiled(store, id ?? ''))?.message.domain, 'xn--bcher-kva.example');
  assert.equal(second && partOf(second, 'v:homing-id'), undefined);
  assert.deepEqual(
    problems.map((problem) => problem.kind),
    ['untracked'],
  );
});

test('a patience that is none is refused at once', () => {
  for (const patience of [Number.NaN, Number.POSITIVE_INFINITY, -1])
    assert.throws(() => createHoming({ url: 'http://127.0.0.1:1', token: 't', patience }), /patience must be/);
});

test('in a test nothing leaves, not even without a domain', async (t) => {
  const { homing, client, server } = await setup(t);
  const outbox = homing.testing();
  await client.messages.create(undefined as never, MAIL);
  assert.deepEqual([server.seen.length, outbox.sent.length], [0, 1]);
});

onMariaDb('a cancel and a question know of what went to the spool', async ({ t, url }) => {
  const database = new URL(url);
  const way = await startWay(t, Number(database.port));
  way.set('refuse');
  database.port = String(way.port);
  const { homing, client } = await setup(t, { database: database.href });
  const { id } = await client.messages.create(DOMAIN, { ...MAIL, 'v:homing-key': 'reset:42' });
  await homing.flush();
  assert.equal(homing.counts().spooled, 2);
  way.set('pass');
  assert.equal(await homing.cancel({ key: 'reset:42' }), 1);
  assert.equal((await homing.status(id ?? ''))?.deliveries[0]?.state, 'cancelled');
});

onMariaDb('close files what went to the spool', async ({ t, url }) => {
  const database = new URL(url);
  const way = await startWay(t, Number(database.port));
  way.set('refuse');
  database.port = String(way.port);
  const folder = freshFolder(t);
  const { homing, client } = await setup(t, { database: database.href, spool: { folder, pause: 60_000 } });
  await client.messages.create(DOMAIN, MAIL);
  await homing.flush();
  assert.deepEqual(readdirSync(folder), ['spool.jsonl']);
  way.set('pass');
  await homing.close();
  assert.deepEqual([homing.counts().filed, readdirSync(folder)], [2, []]);
});

test('a spool in a place where others may write is filed only when it is ours', async (t) => {
  const folder = join(freshFolder(t), 'spool');
  mkdirSync(folder, { mode: 0o700 });
  appendFileSync(join(folder, 'spool.jsonl'), '{"forged":true}\n');
  chmodSync(folder, 0o777);
  const spool = openSpool({ folder, maxBytes: 10_000, shared: true });
  assert.equal(await spool.file(async () => assert.fail('it was taken')), 0);
  chmodSync(folder, 0o700);
  assert.equal(await spool.file(async () => []), 1);
});

test('a short-lived process records its first send, and ends by itself', async (t) => {
  const { store, url } = await testStore(t, 'sqlite');
  const server = await startRecording(t);
  const script = `
    import Mailgun from 'mailgun.js';
    const { createHoming } = await import('./src/index.ts');
    const homing = createHoming({ database: ${JSON.stringify(url)}, spool: { folder: ${JSON.stringify(freshFolder(t))} } });
    const client = new Mailgun(FormData).client({ username: 'api', key: 'k', url: '${server.url}' });
    await homing.wrapMailgun(client).messages.create('${DOMAIN}', ${JSON.stringify(MAIL)});
  `;
  const flags = ['--disable-warning=ExperimentalWarning', '--import', 'tsx', '--input-type=module', '-e', script];
  await promisify(execFile)(process.execPath, flags, { cwd: join(import.meta.dirname, '..', '..'), timeout: 60_000 });
  const [sent] = server.seen;
  const found = await findFiled(store, (sent && partOf(sent, 'v:homing-id')) ?? '');
  assert.equal(found?.views[0]?.delivery.state, 'accepted');
});

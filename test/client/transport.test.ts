import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import nodemailer from 'nodemailer';
import mailgunTransport from 'nodemailer-mailgun-transport';
import { createHoming } from '../../src/index.ts';
import { type SinkOptions, startSink } from '../../src/lab/sim/sink.ts';
import { testStore } from '../support/stores.ts';
import { fileAll, findFiled, freshFolder, partOf, standing, startRecording } from './support.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'Ann <ann@example.org>', subject: 'Hello', text: 'Hi' };

async function setup(t: TestContext, options: SinkOptions = {}) {
  const { store, url } = await testStore(t, 'sqlite');
  const sink = await startSink(options);
  t.after(sink.close);
  const homing = createHoming({ database: url, spool: { folder: freshFolder(t) }, patience: 5000 });
  t.after(homing.close);
  return { homing, store, sink };
}

const header = (raw: string, name: string): string | undefined => new RegExp(`^${name}: (.*)\r?$`, 'im').exec(raw)?.[1];

test('a mail is one message with a delivery for each recipient of its envelope, and bears our variable', async (t) => {
  const { homing, store, sink } = await setup(t);
  const transport = homing.wrapTransport(nodemailer.createTransport(sink.url), { mailgun: true });
  t.after(() => transport.close());
  const info = await transport.sendMail({ ...MAIL, cc: 'bee@example.net', bcc: 'cid@example.com' });
  await homing.flush();
  assert.deepEqual(await standing(store, info.messageId), [
    'ann@example.org accepted',
    'bee@example.net accepted',
    'cid@example.com accepted',
  ]);
  const raw = sink.mails[0]?.raw ?? '';
  const message = (await findFiled(store, info.messageId))?.message;
  assert.equal(header(raw, 'X-Mailgun-Variables'), JSON.stringify({ 'homing-id': message?.id }));
  assert.equal(header(raw, 'Message-ID'), info.messageId);
});

test('the callback form, a Message-Id of the caller, and another server than Mailgun', async (t) => {
  const { homing, store, sink } = await setup(t);
  const transport = homing.wrapTransport(nodemailer.createTransport(sink.url));
  t.after(() => transport.close());
  const info = await new Promise<{ messageId: string }>((resolve, reject) =>
    transport.sendMail({ ...MAIL, messageId: '<own@example.com>' }, (error, done) =>
      error ? reject(error) : resolve(done),
    ),
  );
  assert.equal(info.messageId, '<own@example.com>');
  await homing.flush();
  assert.deepEqual(await standing(store, '<own@example.com>'), ['ann@example.org relayed']);
  assert.doesNotMatch(sink.mails[0]?.raw ?? '', /X-Mailgun/);
});

test('recipients that the server refused are recorded so, the others are not harmed', async (t) => {
  const { homing, store, sink } = await setup(t, {
    refuse: (recipient) => (recipient === 'bee@example.net' ? { code: 550, message: '5.1.1 no such user' } : null),
  });
  const transport = homing.wrapTransport(nodemailer.createTransport(sink.url), { mailgun: true });
  t.after(() => transport.close());
  const info = await transport.sendMail({ ...MAIL, cc: 'bee@example.net' });
  assert.deepEqual(info.rejected, ['bee@example.net']);
  await homing.flush();
  const found = await findFiled(store, info.messageId);
  const outcomes = found?.views.map((v) => `${v.recipient} ${v.delivery.attempts[0]?.outcome}`).sort();
  assert.deepEqual(outcomes, ['ann@example.org accepted', 'bee@example.net refused']);
});

test('pooling, events, verify and plugins are those of the transporter', async (t) => {
  const { homing, sink } = await setup(t);
  const plain = nodemailer.createTransport({ host: '127.0.0.1', port: sink.port, pool: true });
  const transport = homing.wrapTransport(plain, { mailgun: true });
  assert.equal(await transport.verify(), true);
  const seen: string[] = [];
  transport.use('compile', (mail, done) => {
    mail.data.subject = 'changed by a plugin';
    seen.push('plugin');
    done();
  });
  const heard = once(transport, 'own');
  plain.emit('own');
  await heard;
  await Promise.all([transport.sendMail(MAIL), transport.sendMail(MAIL)]);
  assert.equal(seen.length, 2);
  assert.match(sink.mails[0]?.raw ?? '', /Subject: changed by a plugin/);
  transport.close();
});

test('the error is the one of the transporter, and a refusal is recorded', async (t) => {
  const { homing, store } = await setup(t);
  const error = Object.assign(new Error('550 no'), { responseCode: 550 });
  const failing = { name: 'test', version: '1', send: (_mail: unknown, done: (e: Error) => void) => done(error) };
  const transport = homing.wrapTransport(nodemailer.createTransport(failing as never), { mailgun: true });
  assert.equal(await transport.sendMail({ ...MAIL, messageId: '<x@y.example>' }).catch((e: unknown) => e), error);
  await homing.flush();
  await fileAll(store);
  const found = await findFiled(store, (await store.db('messages').first('id')).id);
  const [attempt] = found?.views[0]?.delivery.attempts ?? [];
  assert.equal(attempt?.outcome, 'refused');
  assert.ok(attempt.answer?.kind === 'refused');
  assert.deepEqual([attempt.answer.why, attempt.answer.detail], ['permanent', 'SMTP 550']);
});

test('a transport that makes an API call of the data gets the ids as data', async (t) => {
  const { homing } = await setup(t);
  const handed: Record<string, unknown>[] = [];
  const api = {
    name: 'Mailgun',
    version: '1',
    send(mail: { data: Record<string, unknown> }, done: (e: null, info: object) => void) {
      handed.push(mail.data);
      done(null, { id: mail.data['messageId'], status: 200 });
    },
  };
  await homing.wrapTransport(nodemailer.createTransport(api as never)).sendMail(MAIL);
  assert.match(String(handed[0]?.['v:homing-id']), /^[0-9A-Z]{26}$/);
  assert.match(String(handed[0]?.['messageId']), /^<[0-9a-f]{32}@example\.com>$/);
});

test('nodemailer-mailgun-transport sends what it sends alone, with our two ids, and is recorded under its domain', async (t) => {
  const { homing, store } = await setup(t);
  const server = await startRecording(t);
  const made = mailgunTransport({ auth: { api_key: 'key', domain: 'mg.example.com' }, url: server.url });
  const mail = {
    ...{ ...MAIL, cc: [{ name: 'Bee', address: 'bee@example.net' }], 'v:order': '7' },
    attachments: [{ filename: 'a.txt', content: 'hi' }],
  };
  await nodemailer.createTransport(made).sendMail(mail);
  const info = await homing.wrapTransport(nodemailer.createTransport(made)).sendMail(mail);
  const [alone, ours] = server.seen;
  assert.ok(alone && ours);
  const ids = ['h:Message-Id', 'v:homing-id'];
  assert.deepEqual([ours.url, ours.parts.filter((part) => !ids.includes(part.name))], [alone.url, alone.parts]);
  assert.equal(info.messageId, partOf(ours, 'h:Message-Id'));
  await homing.flush();
  assert.deepEqual(await standing(store, partOf(ours, 'v:homing-id') ?? ''), [
    'ann@example.org accepted',
    'bee@example.net accepted',
  ]);
  assert.equal((await findFiled(store, info.messageId))?.message.domain, 'mg.example.com');
});

test('nodemailer-mailgun-transport does not look at an envelope, so those are recorded whom it sends to', async (t) => {
  const { homing, store } = await setup(t);
  const server = await startRecording(t);
  const made = mailgunTransport({ auth: { api_key: 'key', domain: 'mg.example.com' }, url: server.url });
  const transport = homing.wrapTransport(nodemailer.createTransport(made));
  const envelope = { from: 'bounce@mg.example.com', to: 'real@example.org' };
  const to = ['Ann <ann@example.org>', { name: 'Bee', address: 'bee@example.net' }];
  const info = await transport.sendMail({ ...MAIL, to, bcc: 'cid@example.com, dan@example.com', envelope });
  await homing.flush();
  assert.equal(partOf(server.seen[0] ?? assert.fail(), 'to'), 'Ann <ann@example.org>,Bee <bee@example.net>');
  assert.deepEqual(await standing(store, info.messageId), [
    'ann@example.org accepted',
    'bee@example.net accepted',
    'cid@example.com accepted',
    'dan@example.com accepted',
  ]);
});

test('what Mailgun refuses nodemailer-mailgun-transport is recorded as refused', async (t) => {
  const { homing, store } = await setup(t);
  const server = await startRecording(t);
  server.reply(() => ({ status: 400, body: { message: "'from' parameter is not a valid address." } }));
  const made = mailgunTransport({ auth: { api_key: 'key', domain: 'mg.example.com' }, url: server.url });
  const transport = homing.wrapTransport(nodemailer.createTransport(made));
  await assert.rejects(transport.sendMail({ ...MAIL, messageId: '<own@example.com>' }), { status: 400 });
  await homing.flush();
  const attempt = (await findFiled(store, 'own@example.com'))?.views[0]?.delivery.attempts[0];
  assert.equal(attempt?.outcome, 'refused');
});

test('a mail by SMTP belongs to the domain of the login', async (t) => {
  const { homing, store, sink } = await setup(t, { users: { 'postmaster@mg.example.com': 'secret' } });
  const auth = { user: 'postmaster@mg.example.com', pass: 'secret' };
  const transport = homing.wrapTransport(nodemailer.createTransport({ host: '127.0.0.1', port: sink.port, auth }), {
    mailgun: true,
  });
  t.after(() => transport.close());
  const info = await transport.sendMail(MAIL);
  await homing.flush();
  assert.equal((await findFiled(store, info.messageId))?.message.domain, 'mg.example.com');
});

test('in a test nothing leaves, and what would have left can be looked at', async (t) => {
  const homing = createHoming({ url: 'http://127.0.0.1:1', token: 'x' });
  const outbox = homing.testing();
  const transport = homing.wrapTransport(nodemailer.createTransport('smtp://127.0.0.1:1'));
  const client = homing.wrapMailgun({
    messages: { create: (_domain: string, _data: object): Promise<unknown> => Promise.reject(new Error('it left')) },
  });
  t.after(homing.close);
  await transport.sendMail(MAIL);
  assert.equal(outbox.only({ to: 'ann@example.org', subject: /hello/i }).how, 'transport');
  await client.messages.create('example.com', { ...MAIL, to: 'bee@example.net' });
  assert.equal(outbox.only({ to: 'bee@example.net' }).how, 'mailgun');
  outbox.failNext(new Error('as asked'));
  await assert.rejects(homing.deliverLater('example.com', { ...MAIL }), /as asked/);
  await homing.deliverLater('example.com', { ...MAIL, 'v:homing-class': 'access', 'v:homing-key': 'k' });
  assert.equal(outbox.only({ class: 'access', key: 'k' }).how, 'queue');
  assert.throws(() => outbox.only({ to: 'nobody@example.org' }), /found 0 of 3/);
});

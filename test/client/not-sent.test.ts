import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import FormData from 'form-data';
import Mailgun from 'mailgun.js';
import nodemailer from 'nodemailer';
import { createHoming } from '../../src/index.ts';
import { testStore } from '../support/stores.ts';
import { findFiled, freshFolder } from './support.ts';

async function setup(t: TestContext) {
  const { store, url } = await testStore(t, 'sqlite');
  const homing = createHoming({ database: url, spool: { folder: freshFolder(t) }, patience: 5000 });
  t.after(homing.close);
  const answerTo = async (messageId: string) => {
    await homing.flush();
    const attempt = (await findFiled(store, messageId))?.views[0]?.delivery.attempts[0];
    return attempt?.answer?.kind === 'refused' ? `${attempt.answer.why}, ${attempt.answer.detail}` : attempt?.outcome;
  };
  return { homing, answerTo };
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ID = '<one@example.com>';
const MAIL = { from: 'shop@example.com', to: 'ann@example.org', subject: 'Hello', text: 'Hi', messageId: ID };

test('a mail that found nobody to take it was not sent, and is known not to have been', async (t) => {
  const { homing, answerTo } = await setup(t);
  const [host, port] = ['127.0.0.1', await closedPort()];
  const unlistened = homing.wrapTransport(nodemailer.createTransport({ host, port }), { mailgun: true });
  await assert.rejects(unlistened.sendMail(MAIL), /ECONNREFUSED/);
  assert.match(String(await answerTo(ID)), /^busy, not sent: connect/);
  const unknown = homing.wrapTransport(nodemailer.createTransport({ host: 'no.such.host.invalid', port }));
  await assert.rejects(unknown.sendMail({ ...MAIL, messageId: '<two@example.com>' }));
  assert.match(String(await answerTo('<two@example.com>')), /^busy, not sent: /);
  const absent = homing.wrapTransport(nodemailer.createTransport({ sendmail: true, path: '/no/such/sendmail' }));
  await assert.rejects(absent.sendMail({ ...MAIL, messageId: '<three@example.com>' }));
  assert.match(String(await answerTo('<three@example.com>')), /^busy, not sent: spawn/);
});

test('the same through the client of Mailgun', async (t) => {
  const { homing, answerTo } = await setup(t);
  const url = `http://127.0.0.1:${await closedPort()}`;
  const client = new Mailgun(FormData).client({ username: 'api', key: 'key', url });
  const mailgun = homing.wrapMailgun(client);
  const { messageId, ...mail } = MAIL;
  await assert.rejects(mailgun.messages.create('example.com', { ...mail, 'h:Message-Id': messageId }));
  assert.equal(await answerTo(ID), 'busy, not sent: ECONNREFUSED');
});

test('a connection that breaks off in the middle proves nothing', async (t) => {
  const { homing, answerTo } = await setup(t);
  const server = createServer((socket) => {
    socket.write('220 x\r\n');
    socket.on('data', (data) => {
      if (/^DATA/m.test(String(data))) socket.write('354 go\r\n');
      else if (/\r\n\.\r\n$/.test(String(data))) socket.destroy();
      else socket.write('250 ok\r\n');
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const transport = homing.wrapTransport(nodemailer.createTransport({ host: '127.0.0.1', port }), { mailgun: true });
  await assert.rejects(transport.sendMail(MAIL));
  assert.equal(await answerTo(ID), 'sending');
});

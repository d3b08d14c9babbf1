// What a server is told of where a mail is to come back to.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SMTPServer, type SMTPServerEnvelope } from 'smtp-server';
import { within } from '../../../src/base/deadline.ts';
import { listenOnLoopback } from '../../../src/lab/sim/listen.ts';
import type { Outgoing } from '../../../src/providers/provider.ts';
import { createSmtp } from '../../../src/providers/smtp/provider.ts';
import { type BounceSettings, createReturnPath } from '../../../src/providers/smtp/return-path.ts';
import { type Script, startWireSmtp } from '../../support/wire-smtp.ts';

const BOUNCES: BounceSettings = { domain: 'bounces.example.com', keys: ['ab'.repeat(32)] };
const HANDED = { deliveryId: '01JD4ZKQ8M9V7T3X5W2YB6NCRE', attempt: 3 };
const MAIL: Outgoing = {
  ...HANDED,
  messageId: '01JD4ZKQ8M9V7T3X5W2YB6NCRD',
  rfcMessageId: 'm1@mg.example.com',
  domain: 'mg.example.com',
  sender: 'shop@mg.example.com',
  recipient: 'ann+news@example.net',
  deliverAt: null,
  usefulUntil: null,
  content: { mime: Buffer.from('From: shop@mg.example.com\r\nTo: ann+news@example.net\r\n\r\nHi\r\n') },
};

type World = { extensions?: string[]; bounces?: BounceSettings | null; script?: Script };

async function start(t: TestContext, { extensions = [], bounces = BOUNCES, script }: World) {
  const server = await startWireSmtp(script, extensions);
  const provider = createSmtp(server.url, { lease: 20_000, bounces });
  t.after(async () => {
    await provider.close();
    await server.close();
  });
  const send = () => provider.handOver(MAIL, within(5000));
  const said = (verb: string) => server.commands.filter((command) => command.startsWith(verb));
  return { server, provider, send, said, address: createReturnPath(BOUNCES, provider.name).addressOf(HANDED) };
}

test('a server that offers reports is asked for failures and delays, and not for successes', async (t) => {
  const { send, said, address } = await start(t, { extensions: ['DSN'] });
  assert.equal((await send()).kind, 'accepted');
  const [name] = /[0-9a-z]{26}-3/.exec(address) ?? [];
  assert.deepEqual(said('MAIL'), [`MAIL FROM:<${address}> RET=HDRS ENVID=${name}`]);
  assert.deepEqual(said('RCPT'), [
    'RCPT TO:<ann+news@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ann+2Bnews@example.net',
  ]);
});

test('a server that does not offer them is not asked, and the mail goes out all the same', async (t) => {
  const { send, said, address } = await start(t, { extensions: ['8BITMIME', 'XDSNX'] });
  assert.equal((await send()).kind, 'accepted');
  assert.deepEqual(said('MAIL'), [`MAIL FROM:<${address}>`]);
  assert.deepEqual(said('RCPT'), ['RCPT TO:<ann+news@example.net>']);
});

test('without a domain for bounces the sender is the one of the mail, and nothing is asked for', async (t) => {
  const { send, said } = await start(t, { extensions: ['DSN'], bounces: null });
  assert.equal((await send()).kind, 'accepted');
  assert.deepEqual(said('MAIL'), ['MAIL FROM:<shop@mg.example.com>']);
  assert.deepEqual(said('RCPT'), ['RCPT TO:<ann+news@example.net>']);
});

test('a server that refuses the return path refuses the mail', async (t) => {
  const script: Script = (command) =>
    command.startsWith('MAIL') ? '553 5.7.1 sender address is not yours\r\n' : undefined;
  const { send } = await start(t, { script });
  const answer = await send();
  assert.equal(answer.kind === 'refused' && answer.why, 'permanent');
});

test('a server that reads the request as the standard has it finds nothing wrong with it', async (t) => {
  const asked: SMTPServerEnvelope[] = [];
  const server = new SMTPServer({
    ...{ hideDSN: false, authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], logger: false },
    onData(stream, { envelope }, done) {
      asked.push(envelope);
      stream.resume().on('end', () => done());
    },
  });
  const { port, close } = await listenOnLoopback(server.server, 0);
  const provider = createSmtp(`smtp://127.0.0.1:${port}`, { lease: 20_000, bounces: BOUNCES });
  t.after(async () => {
    await provider.close();
    await close();
  });
  assert.equal((await provider.handOver(MAIL, within(5000))).kind, 'accepted');
  const [envelope] = asked;
  assert.deepEqual(envelope?.dsn, { ret: 'HDRS', envid: `${HANDED.deliveryId.toLowerCase()}-3` });
  assert.deepEqual(envelope?.rcptTo[0]?.dsn?.notify, ['FAILURE', 'DELAY']);
});

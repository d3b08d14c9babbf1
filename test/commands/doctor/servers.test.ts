import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startSink } from '../../../src/lab/sim/sink.ts';
import { type Script, startWireSmtp } from '../../support/wire-smtp.ts';
import { examine, healthy, PASSWORD } from './support.ts';

async function serverSays(t: TestContext, url: string) {
  const { env } = await healthy(t);
  const { of } = await examine({ ...env, SECONDARY_SMTP_URL: url }, '--patience', '1s');
  return of('secondary SMTP')[0] ?? assert.fail('nothing is said of it');
}

async function wire(t: TestContext, script: Script, extensions: string[] = []) {
  const server = await startWireSmtp(script, extensions);
  t.after(server.close);
  return server;
}

test('a server that takes no mail without a login is told, however it says so', async (t) => {
  const sink = await startSink({ users: { homing: PASSWORD } });
  t.after(sink.close);
  const demanding = await serverSays(t, `smtp://127.0.0.1:${sink.port}`);
  assert.equal(demanding.status, 'problem');
  assert.match(demanding.says, /takes no mail from us without a login: 530/);
  assert.match(demanding.mend ?? '', /user and password/);
  for (const reply of [
    '554 5.7.1 <a@b>: Relay access denied',
    '550 5.7.1 Authentication required',
    '550-5.7.1 We do not\r\n550 5.7.1 relay',
  ]) {
    const server = await wire(t, (command) => (command.startsWith('RCPT') ? `${reply}\r\n` : undefined));
    assert.match((await serverSays(t, server.url)).says, /takes no mail from us without a login: 55/);
  }
});

test('a mail is announced as an alert would be, and taken back', async (t) => {
  const server = await wire(t, () => undefined);
  assert.equal((await serverSays(t, server.url)).status, 'ok');
  const said = server.commands.filter((command) => !/^(?:EHLO|QUIT|banner)/.test(command));
  assert.deepEqual(said, ['MAIL FROM:<homing@mg.example.com>', 'RCPT TO:<admin@example.com>', 'RSET']);
});

test('a sender that the server does not know is a warning, and greylisting is nothing', async (t) => {
  const unknown = await wire(t, (command) =>
    command.startsWith('MAIL') ? '553 5.7.0 Sender not verified\r\n' : undefined,
  );
  const finding = await serverSays(t, unknown.url);
  assert.deepEqual([finding.status, /553 5\.7\.0 Sender not verified/.test(finding.says)], ['warning', true]);
  const greylisting = await wire(t, (command) => (command.startsWith('RCPT') ? '450 4.2.0 Greylisted\r\n' : undefined));
  assert.equal((await serverSays(t, greylisting.url)).status, 'ok');
});

test('a server that hangs up, or says nothing, at the announcement is a problem', async (t) => {
  const mute = await wire(t, (command) => (command.startsWith('MAIL') ? null : undefined));
  assert.equal((await serverSays(t, mute.url)).status, 'problem');
  const rude = await wire(t, (command, socket) => {
    if (command.startsWith('MAIL')) socket.destroy();
    return command.startsWith('MAIL') ? null : undefined;
  });
  assert.equal((await serverSays(t, rude.url)).status, 'problem');
});

test('a scheme that does not fit the port is told in words that say which one does', async (t) => {
  const [plain, starttls, implicit] = await Promise.all([
    startSink(),
    startSink({ tls: true }),
    startSink({ tls: 'implicit' }),
  ]);
  t.after(() => Promise.all([plain, starttls, implicit].map(({ close }) => close())));
  for (const { port } of [plain, starttls]) {
    const { says, mend } = await serverSays(t, `smtps://127.0.0.1:${port}`);
    assert.match(says, /does not speak TLS from the first byte at that port: for STARTTLS it is smtp:\/\/$/);
    assert.match(mend ?? '', /scheme/);
  }
  for (const more of ['', '?tls=required', '?tls=off'])
    assert.match((await serverSays(t, `smtp://127.0.0.1:${implicit.port}${more}`)).says, /needs smtps:\/\//);
  assert.match((await serverSays(t, `smtp://127.0.0.1:${plain.port}?tls=required`)).says, /STARTTLS/);
  for (const url of [`smtp://127.0.0.1:${starttls.port}`, `smtps://127.0.0.1:${implicit.port}`]) {
    const { status, says } = await serverSays(t, url);
    assert.equal(status, 'problem');
    assert.match(says, /certificate of the server is not accepted/);
    assert.doesNotMatch(says, /openssl|routines/i);
    assert.equal((await serverSays(t, `${url}?insecure=1`)).status, 'ok');
  }
});

test('secondaries are asked by whichever setting they are named', async (t) => {
  const { env, secondary } = await healthy(t);
  const { of, worst } = await examine({ ...env, SECONDARY: secondary.url, SECONDARY_SMTP_URL: '', ALERT_SMTP_URL: '' });
  assert.deepEqual(
    of('secondary SMTP').map(({ status }) => status),
    ['ok'],
  );
  assert.notEqual(worst('alerts'), 'problem', 'alerts go there, too');
  const gone = await examine({ ...env, SECONDARY: 'smtp://127.0.0.1:1' });
  assert.match(gone.of('secondary SMTP')[0]?.mend ?? '', /check SECONDARY and/);
});

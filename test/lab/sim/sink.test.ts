import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { startSink } from '../../../src/lab/sim/sink.ts';

const MAIL = {
  envelope: { from: 'app@example.com', to: ['a@example.net', 'b@example.net'] },
  raw: 'From: app@example.com\r\nSubject: Hello\r\n\r\n.dot first\r\nbody\r\n',
};

/** Sends and reports the code, or the words when there is no code. */
async function send(url: string, more: object = {}): Promise<string> {
  const transport = createTransport({
    url,
    connectionTimeout: 2000,
    greetingTimeout: 300,
    socketTimeout: 300,
    ...more,
  });
  try {
    const info = await transport.sendMail(MAIL);
    return `sent ${info.accepted.length}, refused ${info.rejected.length}`;
  } catch (error) {
    assert.ok(error instanceof Error);
    const code = 'responseCode' in error ? error.responseCode : 'code' in error ? error.code : error.message;
    return String(code);
  } finally {
    transport.close();
  }
}

test('the sink takes a mail and keeps its envelope and every byte', async (t) => {
  const sink = await startSink({ clock: () => 42 });
  t.after(sink.close);
  assert.equal(await send(sink.url), 'sent 2, refused 0');
  assert.deepEqual(sink.mails, [{ ...MAIL.envelope, raw: MAIL.raw, at: 42 }]);
});

test('the sink refuses single recipients and still takes the mail for the others', async (t) => {
  const sink = await startSink({
    refuse: (recipient) => (recipient === 'b@example.net' ? { code: 550, message: '5.1.1 unknown' } : null),
  });
  t.after(sink.close);
  assert.equal(await send(sink.url), 'sent 1, refused 1');
  assert.deepEqual(sink.mails[0]?.to, ['a@example.net']);
});

test('the sink answers a whole mail with the code it was told to, and does not keep it', async (t) => {
  const sink = await startSink({ misbehave: () => ({ code: 451, message: '4.3.0 later' }) });
  t.after(sink.close);
  assert.equal(await send(sink.url), '451');
  assert.equal(sink.mails.length, 0);
});

for (const how of ['hang', 'drop'] as const) {
  test(`the sink keeps a mail after whose dot it was told to ${how}`, async (t) => {
    const sink = await startSink({ misbehave: () => how });
    t.after(sink.close);
    assert.equal(await send(sink.url), how === 'hang' ? 'ETIMEDOUT' : 'ECONNECTION');
    assert.equal(sink.mails.length, 1);
  });
}

test('the sink asks for a login when it has users', async (t) => {
  const sink = await startSink({ users: { homing: 'pass/word' } });
  t.after(sink.close);
  assert.equal(await send(sink.url), 'sent 2, refused 0');
  assert.equal(await send(`smtp://homing:no@127.0.0.1:${sink.port}`), '535');
  assert.equal(await send(`smtp://127.0.0.1:${sink.port}`), '530');
});

test('the sink speaks TLS after STARTTLS and from the first byte, with a certificate that nobody should trust', async (t) => {
  for (const tls of [true, 'implicit'] as const) {
    const sink = await startSink({ tls });
    t.after(sink.close);
    const refused = await send(sink.url, { requireTLS: true });
    assert.match(refused, /^(ETLS|ESOCKET)$/);
    assert.equal(await send(sink.url, { requireTLS: true, tls: { rejectUnauthorized: false } }), 'sent 2, refused 0');
  }
});

test('the sink announces a size and refuses what is longer', async (t) => {
  const sink = await startSink({ size: 10 });
  t.after(sink.close);
  assert.equal(await send(sink.url), '552');
  assert.equal(sink.mails.length, 0);
});

test('a plain sink offers no STARTTLS, so a client that insists on TLS does not send', async (t) => {
  const sink = await startSink();
  t.after(sink.close);
  assert.equal(await send(sink.url, { requireTLS: true }), '500');
  assert.equal(sink.mails.length, 0);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Answer } from '../../../src/core/answer.ts';
import { type RudeMode, startRudeSmtp } from '../../../src/lab/servers/rude-smtp.ts';
import { type SinkOptions, startSink } from '../../../src/lab/sim/sink.ts';
import { createRelay, type RelayMail, type RelayOptions } from '../../../src/providers/smtp/relay.ts';
import { type Script, startWireSmtp } from '../../support/wire-smtp.ts';

const MIME = Buffer.from('From: shop@example.com\r\nSubject: Receipt\r\n\r\nThank you.\r\n');
const BIG = Buffer.concat([MIME, Buffer.alloc(8 * 1024 * 1024, 'All work and no play makes mail a dull thing.\r\n')]);
const LIMITS: RelayOptions = { timeout: 5000, dataTimeout: 5000 };

const mail = (changes: Partial<RelayMail> = {}): RelayMail => ({
  envelopeFrom: 'shop@example.com',
  to: 'anna@example.com',
  mime: MIME,
  ...changes,
});

function relayTo(t: TestContext, url: string, options: Partial<RelayOptions> = {}) {
  const relay = createRelay(url, { ...LIMITS, ...options });
  t.after(() => relay.close());
  return relay;
}

async function rude(t: TestContext, mode: RudeMode, options: Partial<RelayOptions> = {}) {
  const server = await startRudeSmtp(mode);
  t.after(server.close);
  return { server, relay: relayTo(t, server.url, options) };
}

async function sink(t: TestContext, options: SinkOptions = {}, switches = '') {
  const server = await startSink(options);
  t.after(server.close);
  return { server, relay: relayTo(t, server.url + switches) };
}

async function scripted(t: TestContext, script: Script, options: Partial<RelayOptions> = {}, extensions?: string[]) {
  const server = await startWireSmtp(script, extensions);
  t.after(server.close);
  return { server, relay: relayTo(t, server.url, options) };
}

const refused = (answer: Answer) => (answer.kind === 'refused' ? answer.why : answer.kind);

test('a mail that the server took is accepted, with its reply and no id of ours made up', async (t) => {
  const { server, relay } = await sink(t);
  assert.deepEqual(await relay.send(mail()), { kind: 'accepted', messageId: null, detail: '250 queued as 1' });
  const [taken] = server.mails;
  assert.deepEqual(taken?.to, ['anna@example.com']);
  assert.equal(taken?.from, 'shop@example.com');
  assert.equal(taken?.raw, MIME.toString());
});

test('no banner is busy', async (t) => {
  const { relay } = await rude(t, 'no_banner', { timeout: 100 });
  assert.equal(refused(await relay.send(mail())), 'busy');
});

test('a banner of 421 or 554 is busy: it says nothing about the mail', async (t) => {
  for (const mode of ['banner_421', 'banner_554'] as const) {
    const { relay } = await rude(t, mode);
    assert.equal(refused(await relay.send(mail())), 'busy', mode);
  }
});

test('nobody listening is busy', async (t) => {
  const { server, relay } = await rude(t, 'no_banner');
  await server.close();
  assert.equal(refused(await relay.send(mail())), 'busy');
});

test('a connection lost at MAIL or at DATA is busy, and nothing was sent again', async (t) => {
  for (const verb of ['MAIL', 'DATA']) {
    const hangUp: Script = (command, socket) => {
      if (!command.startsWith(verb)) return undefined;
      socket.destroy();
      return null;
    };
    for (const extensions of [[], ['PIPELINING']]) {
      const { server, relay } = await scripted(t, hangUp, {}, extensions);
      assert.equal(refused(await relay.send(mail())), 'busy', verb);
      assert.equal(server.connections(), 1);
    }
  }
});

test('a connection lost in the middle of a large mail is busy: its dot was never written', async (t) => {
  const { server, relay } = await rude(t, 'drop_before_dot');
  assert.equal(refused(await relay.send(mail({ mime: BIG }))), 'busy');
  assert.equal(server.mails.length, 0);
});

test('a connection lost in the middle of a small mail has no answer: its dot was already on the way', async (t) => {
  const { relay } = await rude(t, 'drop_before_dot');
  assert.equal((await relay.send(mail())).kind, 'unanswered');
});

test('a connection lost after the dot, or half-way through the reply, has no answer', async (t) => {
  for (const mode of ['drop_after_dot', 'partial_after_dot'] as const) {
    for (const mime of [MIME, BIG]) {
      const { server, relay } = await rude(t, mode);
      const answer = await relay.send(mail({ mime }));
      assert.equal(answer.kind, 'unanswered', mode);
      assert.match(answer.detail, /^no answer after the content was sent: /);
      await relay.close();
      assert.equal(server.mails.length, 1, 'sent once');
    }
  }
});

test('a reply after the dot that looks like a refusal but was cut off is no answer', async (t) => {
  const { relay } = await scripted(t, (command, socket) => {
    if (command !== '.') return undefined;
    socket.end('451 4.3.0 Try ag');
    return null;
  });
  assert.equal((await relay.send(mail())).kind, 'unanswered');
});

test('silence after the dot is no answer, once the time for the reply is over', async (t) => {
  const { server, relay } = await rude(t, 'hang_after_dot', { timeout: 5000, dataTimeout: 100 });
  const answer = await relay.send(mail());
  assert.equal(answer.kind, 'unanswered');
  assert.equal(server.mails.length, 1);
});

test('silence before the content is busy, once the time to begin is over', async (t) => {
  for (const verb of ['EHLO', 'MAIL', 'RCPT', 'DATA']) {
    const { relay } = await scripted(t, (command) => (command.startsWith(verb) ? null : undefined), { timeout: 100 });
    assert.equal(refused(await relay.send(mail())), 'busy', verb);
  }
});

test('a server that keeps talking without ever finishing is given up all the same', async (t) => {
  const drip: Script = (command, socket) => {
    if (command !== '.') return undefined;
    const timer = setInterval(() => socket.write('250-still here\r\n'), 10);
    socket.on('close', () => clearInterval(timer));
    return null;
  };
  const { relay } = await scripted(t, drip, { timeout: 100, dataTimeout: 100 });
  assert.equal((await relay.send(mail())).kind, 'unanswered');
});

test('a complete reply after the dot is an answer', async (t) => {
  const replies = { 421: 'temporary', 451: 'temporary', 503: 'temporary', 552: 'permanent', 554: 'permanent' };
  for (const [code, why] of Object.entries(replies)) {
    const { relay } = await scripted(t, (command) => (command === '.' ? `${code} 4.3.0 no\r\n` : undefined));
    const detail = `${code} 4.3.0 no`;
    assert.deepEqual(await relay.send(mail()), { kind: 'refused', why, detail }, code);
  }
});

test('a 354 where the reply to the dot should be proves nothing', async (t) => {
  const { relay } = await scripted(t, (command) => (command === '.' ? '354 go on\r\n' : undefined));
  assert.equal((await relay.send(mail())).kind, 'unanswered');
});

test('a 250 that comes before the mail was sent proves nothing', async (t) => {
  let contents = 0;
  const early: Script = (command) => (command === 'DATA' && contents++ === 0 ? '354 go\r\n250 ok\r\n' : undefined);
  const { server, relay } = await scripted(t, early, { connections: 1 });
  const [first, second] = await Promise.all([relay.send(mail({ mime: BIG })), relay.send(mail())]);
  assert.equal(first.kind, 'unanswered');
  assert.equal(refused(second), 'busy');
  assert.equal((await relay.send(mail())).kind, 'accepted');
  assert.equal(
    server.wire().split('MAIL FROM').length - 1,
    2,
    'the second was not written into the content of the first',
  );
});

test('a refused recipient is a refusal of the mail, which goes to one recipient only', async (t) => {
  const refuse = (to: string) => (to.startsWith('anna') ? { code: 550, message: '5.1.1 No such user' } : null);
  const { server, relay } = await sink(t, { refuse });
  assert.deepEqual(await relay.send(mail()), { kind: 'refused', why: 'permanent', detail: '550 5.1.1 No such user' });
  assert.equal((await relay.send(mail({ to: 'bert@example.com' }))).kind, 'accepted');
  assert.deepEqual(
    server.mails.map(({ to }) => to),
    [['bert@example.com']],
  );
});

test('replies to the envelope are about the mail, the session or the login', async (t) => {
  const cases: [string, string, string][] = [
    ['MAIL', '451 4.7.1 Greylisted', 'temporary'],
    ['MAIL', '550 5.7.1 Sender refused', 'permanent'],
    ['MAIL', '530 5.7.0 Authentication required', 'account'],
    ['RCPT', '450 4.2.1 Mailbox busy', 'temporary'],
    ['RCPT', '550 5.1.1 No such user', 'permanent'],
    ['RCPT', '421 4.3.2 Closing', 'busy'],
    ['RCPT', '503 5.5.1 MAIL first', 'busy'],
    ['DATA', '451 4.3.0 Disk full', 'temporary'],
    ['DATA', '554 5.7.1 Refused', 'permanent'],
  ];
  for (const [verb, reply, why] of cases) {
    for (const extensions of [[], ['PIPELINING']]) {
      const say: Script = (command) => (command.startsWith(verb) ? `${reply}\r\n` : undefined);
      const { server, relay } = await scripted(t, say, {}, extensions);
      assert.equal(refused(await relay.send(mail())), why, `${verb}: ${reply}`);
      assert.ok(!server.wire().includes('Thank you.'), 'no content left');
    }
  }
});

test('an address beyond ASCII goes to no server, as each would have to know it', async (t) => {
  const { server, relay } = await sink(t);
  for (const changes of [{ to: 'jörg@example.com' }, { envelopeFrom: 'jörg@example.com' }]) {
    const answer = await relay.send(mail(changes));
    assert.equal(answer.kind === 'refused' && answer.why, 'invalid');
  }
  assert.equal(server.mails.length, 0);
});

test('a mail larger than the server takes is refused for good, before it is sent', async (t) => {
  const { server, relay } = await sink(t, { size: 50 });
  const answer = await relay.send(mail());
  assert.deepEqual(answer, { kind: 'refused', why: 'permanent', detail: 'Message size larger than allowed 50' });
  assert.equal(server.mails.length, 0);
});

test('a refused login is trouble of the account, in the words of the server', async (t) => {
  const { relay } = await rude(t, 'auth_535');
  const detail = '535 5.7.8 Authentication credentials invalid';
  assert.deepEqual(await relay.send(mail()), { kind: 'refused', why: 'account', detail });
  assert.deepEqual(await relay.verify(), { ok: false, detail });
});

test('a login that is only not possible now is busy', async (t) => {
  const server = await startWireSmtp(
    (command) => (command.startsWith('AUTH') ? '454 4.7.0 Later\r\n' : undefined),
    ['AUTH PLAIN'],
  );
  t.after(server.close);
  const relay = relayTo(t, server.url.replace('//', '//user:pass@'));
  assert.equal(refused(await relay.send(mail())), 'busy');
});

test('where TLS is required and not offered, the account is of no use and not a secret leaves', async (t) => {
  const refuseTls = await startWireSmtp(
    (command) => (command === 'STARTTLS' ? '502 5.5.1 No\r\n' : undefined),
    ['AUTH PLAIN LOGIN'],
  );
  t.after(refuseTls.close);
  const relay = relayTo(t, `${refuseTls.url.replace('//', '//user:SECRET@')}?tls=required`);
  const detail = 'Error upgrading connection with STARTTLS: 502 5.5.1 No';
  assert.deepEqual(await relay.send(mail()), { kind: 'refused', why: 'account', detail });
  assert.doesNotMatch(refuseTls.wire(), /AUTH|MAIL|Thank you/);
});

test('a certificate that does not verify is trouble of the account, unless the URL says otherwise', async (t) => {
  for (const tls of [true, 'implicit'] as const) {
    const { server, relay } = await sink(t, { tls });
    assert.equal(refused(await relay.send(mail())), 'account');
    assert.equal(server.mails.length, 0);
    // Also lets the server see the end of the failed handshake: closed under one, Node 20 itself crashes.
    assert.equal((await relayTo(t, `${server.url}?insecure=1`).send(mail())).kind, 'accepted');
  }
});

test('loopback is plain where no STARTTLS is offered, and encrypted where it is', async (t) => {
  const plain = await startWireSmtp();
  t.after(plain.close);
  assert.equal((await relayTo(t, plain.url).send(mail())).kind, 'accepted');
  const { relay } = await sink(t, { tls: true, users: { shop: 'letmein' } }, '?insecure=1');
  assert.equal((await relay.send(mail())).kind, 'accepted'); // the sink takes a login over TLS alone
});

test('a connection that the server closes between two mails is busy, never unanswered', async (t) => {
  let mails = 0;
  const { server, relay } = await scripted(
    t,
    (command, socket) => {
      if (command.startsWith('MAIL')) mails++;
      if (!command.startsWith('MAIL') || mails !== 2) return undefined;
      socket.destroy();
      return null;
    },
    { connections: 1 },
  );
  assert.equal((await relay.send(mail())).kind, 'accepted');
  assert.equal(refused(await relay.send(mail())), 'busy');
  assert.equal((await relay.send(mail())).kind, 'accepted');
  assert.equal(server.wire().split('Thank you.').length - 1, 2, 'two mails on the wire, not three');
});

test('a connection closed while it was idle is replaced', async (t) => {
  let onIdle: () => void = () => undefined;
  const { server, relay } = await scripted(
    t,
    (command, socket) => {
      if (command === '.') onIdle = () => socket.end();
      return undefined;
    },
    { connections: 1 },
  );
  assert.equal((await relay.send(mail())).kind, 'accepted');
  onIdle();
  assert.equal(refused(await relay.send(mail({ to: 'not an address' }))), 'invalid');
  const answer = await relay.send(mail());
  assert.ok(answer.kind === 'accepted' || refused(answer) === 'busy', 'replaced, or caught in the act');
  assert.equal((await relay.send(mail())).kind, 'accepted');
  assert.equal(server.connections(), 2);
});

test('several mails share the connections of the pool', async (t) => {
  const { server, relay } = await scripted(t, () => undefined, { connections: 2 });
  const answers = await Promise.all(Array.from({ length: 12 }, () => relay.send(mail())));
  assert.ok(answers.every(({ kind }) => kind === 'accepted'));
  assert.ok(server.connections() <= 2);
});

test('a mail that was stopped before its content is busy, after it unanswered', async (t) => {
  for (const [verb, outcome] of [
    ['MAIL', 'busy'],
    ['.', 'unanswered'],
  ] as const) {
    const stop = new AbortController();
    const { relay } = await scripted(t, (command) => {
      if (!command.startsWith(verb)) return undefined;
      stop.abort(new Error('shutting down'));
      return null;
    });
    const answer = await relay.send(mail(), stop.signal);
    assert.equal(refused(answer), outcome, verb);
    assert.match(answer.detail, /shutting down/);
  }
});

test('a mail that is stopped before it begins never leaves', async (t) => {
  const { server, relay } = await sink(t);
  assert.equal(refused(await relay.send(mail(), AbortSignal.abort())), 'busy');
  assert.equal(server.mails.length, 0);
});

test('closing waits for the mail in flight, and takes nothing more', async (t) => {
  let sayOk: () => void = () => assert.fail('no dot yet');
  const dot = new Promise<void>((resolve) => {
    sayOk = resolve;
  });
  const { server, relay } = await scripted(t, (command, socket) => {
    if (command !== '.') return undefined;
    sayOk();
    setImmediate(() => socket.write('250 ok\r\n'));
    return null;
  });
  const sending = relay.send(mail());
  await dot;
  await relay.close();
  assert.equal((await Promise.race([sending, 'still open'])) === 'still open', false);
  assert.equal((await sending).kind, 'accepted');
  assert.equal(refused(await relay.send(mail())), 'busy');
  assert.equal(server.connections(), 1);
});

test('verify connects and logs in, and sends nothing', async (t) => {
  const { server, relay } = await sink(t, { users: { shop: 'letmein' } });
  assert.deepEqual(await relay.verify(), { ok: true });
  assert.equal(server.mails.length, 0);
  const wrong = relayTo(t, server.url.replace('letmein', 'letmeout'));
  assert.deepEqual(await wrong.verify(), { ok: false, detail: '535 5.7.8 Authentication credentials invalid' });
  const mute = await scripted(t, (command) => (command.startsWith('EHLO') ? null : undefined), { timeout: 100 });
  assert.equal((await mute.relay.verify()).ok, false);
});

test('the name of a relay is its host and port, without the login', () => {
  assert.equal(createRelay('smtp://user:SECRET@mail.example.com', LIMITS).name, 'mail.example.com:587');
  assert.equal(createRelay('smtps://user:SECRET@[2001:db8::1]', LIMITS).name, '[2001:db8::1]:465');
});

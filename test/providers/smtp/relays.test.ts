import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type RudeMode, startRudeSmtp } from '../../../src/lab/sim/rude-smtp.ts';
import { startSink } from '../../../src/lab/sim/sink.ts';
import { createRelays } from '../../../src/providers/smtp/relays.ts';

const MAIL = {
  envelopeFrom: 'shop@example.com',
  to: 'anna@example.com',
  mime: Buffer.from('From: shop@example.com\r\n\r\nThank you.\r\n'),
};

async function routes(t: TestContext, ...modes: (RudeMode | 'good')[]) {
  const servers = await Promise.all(modes.map((mode) => (mode === 'good' ? startSink() : startRudeSmtp(mode))));
  for (const server of servers) t.after(server.close);
  const relays = createRelays(
    servers.map(({ url }) => url),
    { timeout: 1000, dataTimeout: 1000 },
  );
  t.after(() => relays.close());
  return { relays, servers, names: servers.map(({ port }) => `127.0.0.1:${port}`) };
}

test('the first relay that takes the mail is the only one to have it', async (t) => {
  const { relays, servers, names } = await routes(t, 'good', 'good');
  const { answer, via, passedOver } = await relays.send(MAIL);
  assert.equal(answer.kind, 'accepted');
  assert.deepEqual({ via, passedOver }, { via: names[0], passedOver: [] });
  assert.deepEqual(
    servers.map(({ mails }) => mails.length),
    [1, 0],
  );
});

test('a relay that is busy or refuses our login is passed over, and why is told', async (t) => {
  const { relays, names } = await routes(t, 'banner_421', 'auth_535', 'drop_at_data', 'good');
  const { answer, via, passedOver } = await relays.send(MAIL);
  assert.equal(answer.kind, 'accepted');
  assert.equal(via, names[3]);
  assert.deepEqual(
    passedOver.map((one) => [one.via, one.answer.kind === 'refused' && one.answer.why]),
    [
      [names[0], 'busy'],
      [names[1], 'account'],
      [names[2], 'busy'],
    ],
  );
});

test('a relay that decides about the mail, or may have it, is the last to be asked', async (t) => {
  const modes = ['refuse_451_after_dot', 'refuse_554_after_dot', 'drop_after_dot', 'hang_after_dot'] as const;
  for (const mode of modes) {
    const { relays, servers, names } = await routes(t, mode, 'good');
    const { answer, via } = await relays.send(MAIL);
    assert.notEqual(answer.kind, 'accepted', mode);
    assert.equal(via, names[0]);
    assert.equal(servers[1]?.mails.length, 0, mode);
  }
});

test('an address that no relay may have is not offered to the next', async (t) => {
  const { relays, names } = await routes(t, 'good', 'good');
  const { answer, via } = await relays.send({ ...MAIL, to: 'b@x.test\r\nRCPT' });
  assert.equal(answer.kind === 'refused' && answer.why, 'invalid');
  assert.equal(via, names[0]);
});

test('when none is of use, the last one answers', async (t) => {
  const { relays, names } = await routes(t, 'auth_535', 'banner_421');
  const { answer, via, passedOver } = await relays.send(MAIL);
  assert.equal(answer.kind === 'refused' && answer.why, 'busy');
  assert.equal(via, names[1]);
  assert.equal(passedOver.length, 1);
});

test('a relay to skip is not asked; with nobody left the mail waits', async (t) => {
  const { relays, servers, names } = await routes(t, 'good', 'good');
  assert.equal((await relays.send(MAIL, { skip: names.slice(0, 1) })).via, names[1]);
  const { answer, via } = await relays.send(MAIL, { skip: names });
  assert.deepEqual(answer, { kind: 'refused', why: 'busy', detail: 'no secondary SMTP to try' });
  assert.equal(via, null);
  assert.deepEqual(
    servers.map(({ mails }) => mails.length),
    [0, 1],
  );
});

test('a mail that was stopped is not offered to the next relay', async (t) => {
  const { relays, names } = await routes(t, 'no_banner', 'good');
  const { answer, via } = await relays.send(MAIL, { signal: AbortSignal.abort() });
  assert.equal(answer.kind === 'refused' && answer.why, 'busy');
  assert.equal(via, names[0]);
});

test('each relay says what it thinks of our login', async (t) => {
  const { relays, names } = await routes(t, 'auth_535', 'good');
  assert.deepEqual(await relays.verify(), [
    { name: names[0], ok: false, detail: '535 5.7.8 Authentication credentials invalid' },
    { name: names[1], ok: true },
  ]);
});

test('one malformed URL stops them all', () => {
  assert.throws(() => createRelays(['smtp://127.0.0.1:1025', 'nonsense'], { timeout: 1, dataTimeout: 1 }), /SMTP URL/);
});

// Mail that went out through a server of one's own, which tells by mail what did not arrive.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listenForBounces } from '../../src/bounces/listener.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { factWords } from '../../src/core/words/facts.ts';
import { standingWords } from '../../src/core/words/standing.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { type Sink, startSink } from '../../src/lab/sim/sink.ts';
import { erase } from '../../src/operate/erase.ts';
import { createFiling, keepIn } from '../../src/store/inbox/filing.ts';
import { ADMIN, only, queueMail, startByHand } from '../support/homing.ts';
import * as from from '../support/returned.ts';
import { returnMail } from '../support/smtp-talk.ts';

const ANN = 'ann@inbox.test';
const ACCESS = { 'v:homing-class': 'access' };
const ENV = { ENCRYPTION_KEY: 'ab'.repeat(32), BOUNCE_DOMAIN: 'bounces.example.com' };

type World = Awaited<ReturnType<typeof open>>;

/** Homing with servers of its own as secondaries, and a port for what they return. */
async function open(t: TestContext, secondaries = 1, more: Record<string, string> = {}) {
  const sinks = await Promise.all(Array.from({ length: secondaries }, () => startSink()));
  for (const sink of sinks) t.after(sink.close);
  const env = { ...ENV, SECONDARY: sinks.map(({ url }) => url).join(','), ...more };
  const homing = await startByHand(t, { secondary: false, env });
  const { store, clock, inside } = homing;
  const file = createFiling({ keep: keepIn(inside), isSynchronous: store.isSynchronous, onKept() {}, log: inside.log });
  const listener = await listenForBounces(
    { providers: inside.providers.all, file, now: clock, log: inside.log },
    { host: '127.0.0.1', port: 0, name: 'bounces.example.com' },
  );
  t.after(listener.close);
  return { homing, sinks, listener };
}

/** Mail to a recipient that a secondary took, and what comes of it. */
async function follow(t: TestContext, { homing, sinks, listener }: World, id: string, recipient: string) {
  const sent = (n = 0) => (sinks[n] as Sink).mails.filter(({ to }) => to.includes(recipient));
  const look = () => only(homing, id);
  assert.equal((await look()).delivery.state, 'relayed');
  const by = (n = 0) => ({ to: sent(n)[0]?.from ?? '', recipient });
  /** The answer to a mail that comes back, after which all of it is done. */
  const comeBack = async (raw: Buffer, to = by().to) => {
    homing.clock.advance(MINUTE);
    const answer = await returnMail(t, listener.port, to, raw);
    await homing.settle();
    return answer;
  };
  const api = async () => {
    const response = await fetch(`${homing.url}/api/messages/${id}`, { headers: { authorization: 'Bearer token' } });
    return (await response.json()) as { deliveries: { state: string; reason: string | null }[] };
  };
  return { homing, id, sent, look, by, comeBack, api, listener };
}

/** One that a secondary took while Mailgun was down. */
async function start(t: TestContext, secondaries = 1) {
  const world = await open(t, secondaries);
  const { homing } = world;
  await homing.sim.unplug();
  const id = await queueMail(homing, ANN, ACCESS);
  await homing.play(homing.clock() + 3 * MINUTE);
  return follow(t, world, id, ANN);
}

const reportsIn = ({ facts }: { facts: readonly { kind: string }[] }) =>
  facts.filter(({ kind }) => kind === 'reported');

test('a mail that comes back has failed for what the server of the recipient said', async (t) => {
  const { comeBack, look, by, api, homing, sent } = await start(t);
  assert.match(sent()[0]?.from ?? '', /^bounce\+[0-9a-z]{26}-\d+-[0-9a-f]{20}@bounces\.example\.com$/);
  assert.match(await comeBack(from.postfix(by())), /^250 /);
  const { delivery, facts } = await look();
  assert.deepEqual([delivery.state, delivery.reason], ['failed', 'recipient_unknown']);
  assert.match(standingWords(delivery), /^It failed and is rightly not tried again: /);
  assert.match(facts.map((f) => factWords(f)).join('\n'), /reported: failed: .*no such user/);
  const [shown] = (await api()).deliveries;
  assert.deepEqual([shown?.state, shown?.reason], ['failed', 'recipient_unknown']);
  const [entry] = await homing.store.db('suppressions').select('cause');
  assert.equal(entry?.cause, 'recipient_unknown', 'the address is dead for us too');
  assert.equal(sent().length, 1);
});

test('what another server may deliver goes to the next secondary, and is given up after the last', async (t) => {
  const world = await open(t, 2, { RETRY_MAX_ATTEMPTS: '2' });
  const { homing } = world;
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test');
  await homing.play(homing.clock() + 12 * HOUR);
  const { comeBack, look, by, sent } = await follow(t, world, id, 'dora@stubborn.test');
  assert.deepEqual([sent(0).length, sent(1).length], [1, 0]);
  await comeBack(from.exim(by()));
  await homing.play(homing.clock() + MINUTE);
  const { delivery } = await look();
  assert.deepEqual([delivery.state, delivery.attempts.at(-1)?.outcome, sent(1).length], ['relayed', 'accepted', 1]);
  // The first server is late with another report, and says nothing of the second hand-over.
  await comeBack(from.postfixDelayed(by()));
  assert.deepEqual([(await look()).delivery.state, (await look()).delivery.reason], ['relayed', 'nothing_returned']);
  const posted = await fetch(`${homing.url}/webhooks/bounces`, { method: 'POST', body: from.exim(by(1)) });
  assert.equal(posted.status, 200);
  await homing.settle();
  assert.equal((await look()).delivery.state, 'abandoned');
  const kinds: string[] = await homing.store.db('alert_items').orderBy('at').pluck('kind');
  assert.equal(kinds.at(-1), 'gave_up');
});

test('what may pass is tried again by the same secondary, after the usual wait, where there is no other', async (t) => {
  const world = await open(t);
  const { homing } = world;
  homing.sim.fate('dora@stubborn.test', BLOCKED_IP);
  const id = await homing.send('dora@stubborn.test');
  while ((await only(homing, id)).delivery.state !== 'relayed') await homing.play(homing.clock() + MINUTE);
  const { comeBack, look, by, sent } = await follow(t, world, id, 'dora@stubborn.test');
  await comeBack(from.exim(by()));
  const { delivery } = await look();
  assert.deepEqual([delivery.state, sent().length], ['queued', 1]);
  assert.ok((delivery.nextAt ?? 0) > homing.clock() + MINUTE, 'not at once');
  await homing.play(homing.clock() + 10 * MINUTE);
  const after = await look();
  assert.deepEqual([after.delivery.state, sent().length], ['relayed', 2]);
  assert.equal(after.delivery.attempts.at(-1)?.claim.double, null);
  const [first, second] = sent().map(({ from: path }) => path);
  assert.notEqual(first, second, 'each has a return path of its own');
});

test('mail that we hold ourselves goes to the next secondary from the copy that was kept for that', async (t) => {
  const { comeBack, look, by, sent, homing } = await start(t, 2);
  await comeBack(from.exim(by()));
  await homing.play(homing.clock() + MINUTE);
  const { delivery } = await look();
  assert.deepEqual([delivery.state, sent(0).length, sent(1).length], ['relayed', 1, 1]);
  assert.match(
    standingWords(delivery),
    /^The secondary provider .* took it; nothing has come back so far\. Homing acts if it comes back\.$/,
  );
});

test('silence is no trouble: a mail of which nothing comes back stays where it is, and nobody is alerted', async (t) => {
  const { look, homing, sent } = await start(t);
  await homing.play(homing.clock() + 10 * DAY);
  assert.equal((await look()).delivery.state, 'relayed');
  assert.equal(sent().length, 1);
  assert.deepEqual(await homing.store.db('alert_items').whereIn('kind', ['expired', 'gave_up']), []);
});

test('a server that is late with it is heard, and waited for without end or alert', async (t) => {
  const { comeBack, look, by, homing, sent } = await start(t);
  await comeBack(from.postfixDelayed(by()));
  const { delivery, facts } = await look();
  assert.deepEqual([delivery.state, delivery.reason, delivery.nextAt], ['relayed', 'mailbox_full', null]);
  assert.match(standingWords(delivery), /took it; it was put off later\. The reason: the mailbox is full\./);
  assert.match(facts.map((f) => factWords(f)).join('\n'), /reported: deferred: .*mailbox is full/);
  await homing.play(homing.clock() + 10 * DAY);
  assert.equal((await look()).delivery.state, 'relayed');
  assert.equal(sent().length, 1);
  assert.deepEqual(await homing.store.db('alert_items').whereIn('kind', ['expired', 'gave_up']), []);
  await comeBack(from.qmail(by()));
  assert.equal((await look()).delivery.state, 'failed', 'it came back after all');
});

test('a report of success proves the arrival, whatever is told afterwards', async (t) => {
  const { comeBack, look, by } = await start(t);
  await comeBack(from.postfix(by(), 'relayed', 'Diagnostic-Code: smtp; 250 2.0.0 Ok', '2.0.0'));
  assert.equal((await look()).delivery.state, 'relayed');
  await comeBack(from.postfix(by(), 'delivered', 'Diagnostic-Code: smtp; 250 2.0.0 Ok', '2.0.0'));
  await comeBack(from.postfix(by()));
  const { delivery } = await look();
  assert.equal(delivery.state, 'delivered');
});

test('who is away has got the mail, and who complains has too', async (t) => {
  const { comeBack, look, by, homing } = await start(t);
  assert.match(await comeBack(from.vacation(by())), /^250 /);
  assert.deepEqual([(await look()).delivery.state, await homing.store.db('suppressions')], ['relayed', []]);
  await comeBack(from.complaint(by()));
  assert.equal((await look()).delivery.state, 'delivered');
  const [entry] = await homing.store.db('suppressions').select('cause');
  assert.equal(entry?.cause, 'complained');
});

test('the same told again, by the same server or another, is one fact and one row', async (t) => {
  const { comeBack, look, by, homing } = await start(t);
  for (const raw of [from.postfix(by()), from.postfix(by()), from.qmail(by()), from.exim(by())])
    assert.match(await comeBack(raw), /^250 /);
  assert.equal(reportsIn(await look()).length, 1);
  assert.equal((await homing.store.db('inbox').where('content_type', 'like', 'message/rfc822%')).length, 1);
});

test('a return path that is not of the mail fails nothing, and one of another mail fails only that', async (t) => {
  const { comeBack, look, by, homing } = await start(t);
  const genuine = by().to;
  const forged = genuine.replace(/[0-9a-f]@/, (end) => (end === '0@' ? '1@' : '0@'));
  assert.match(await comeBack(from.postfix(by()), forged), /^550 /);
  const other = await queueMail(homing, 'bob@inbox.test', ACCESS);
  await homing.play(homing.clock() + 3 * MINUTE);
  await comeBack(from.postfix({ to: genuine, recipient: 'bob@inbox.test' }));
  assert.equal((await only(homing, other)).delivery.state, 'relayed');
  assert.equal((await look()).delivery.state, 'failed');
});

test('while the database is away the server is told to try again, and its next try is kept', async (t) => {
  const { comeBack, look, by, homing, listener } = await start(t);
  const { db } = homing.store;
  await db.raw("create trigger away before insert on inbox begin select raise(abort, 'away'); end");
  homing.clock.advance(MINUTE);
  assert.match(await returnMail(t, listener.port, by().to, from.postfix(by())), /^451 /);
  await db.raw('drop trigger away');
  await homing.settle();
  assert.equal((await look()).delivery.state, 'relayed');
  assert.match(await comeBack(from.postfix(by())), /^250 /);
  assert.equal((await look()).delivery.state, 'failed');
});

test('a mail server may post what comes back, with the address in a header or in the mail', async (t) => {
  const { look, by, homing } = await start(t);
  const post = async (raw: Buffer, headers: Record<string, string> = {}, method = 'POST') => {
    const body = method === 'POST' ? { body: raw } : {};
    const request = { method, headers: { 'content-type': 'message/rfc822', ...headers }, ...body };
    return (await fetch(`${homing.url}/webhooks/bounces`, request)).status;
  };
  const raw = from.postfix({ to: 'postmaster@example.com', recipient: ANN });
  assert.equal(await post(raw), 401);
  assert.equal(await post(raw, { 'x-envelope-to': by().to.replace('-', '-9') }), 401);
  assert.equal(await post(Buffer.from('x'), { 'x-envelope-to': by().to }), 406);
  assert.equal(await post(raw, {}, 'DELETE'), 405);
  assert.equal(await post(Buffer.concat([raw, Buffer.alloc(2 ** 20)]), { 'x-envelope-to': by().to }), 413);
  await homing.settle();
  assert.equal((await look()).delivery.state, 'relayed');
  homing.clock.advance(MINUTE);
  assert.equal(await post(raw, { 'x-envelope-to': by().to, 'x-envelope-from': '<>' }), 200);
  assert.equal(await post(from.postfix(by())), 200, 'the same again, by its To');
  await homing.settle();
  const view = await look();
  assert.deepEqual([view.delivery.state, reportsIn(view).length], ['failed', 1]);
});

test('what comes back of a mail to somebody who was erased is thrown away', async (t) => {
  const { comeBack, by, homing } = await start(t);
  const address = by();
  await erase(ANN, { store: homing.store, who: 'test', now: homing.clock });
  assert.match(await comeBack(from.postfix(address)), /^250 /);
  await homing.play(homing.clock() + DAY);
  assert.deepEqual(await homing.store.db('inbox').where('content_type', 'like', 'message/rfc822%'), []);
});

test('what comes back of a mail that is not known any more is looked at for a while, and makes none', async (t) => {
  const { comeBack, by, homing } = await start(t);
  const address = by();
  await homing.store.db('deliveries').delete();
  await homing.store.db('messages').delete();
  assert.match(await comeBack(from.postfix(address)), /^250 /);
  await homing.play(homing.clock() + DAY);
  const [row] = await homing.store.db('inbox').where('content_type', 'like', 'message/rfc822%');
  assert.deepEqual([row?.pending, row?.outcome], [0, 'unmatched']);
  assert.deepEqual(await homing.store.db('messages'), []);
});

test('our own letters to administrators have no such return path', async (t) => {
  const { homing, comeBack, by } = await start(t);
  await comeBack(from.exim(by()));
  await homing.play(homing.clock() + 30 * MINUTE);
  const letters = homing.sink.mails.filter(({ to }) => to.includes(ADMIN));
  for (const { from: sender } of letters) assert.doesNotMatch(sender, /^bounce\+/);
});

// Mail that Mailgun can not take goes out through MailerSend, which tells what becomes of it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { factWords } from '../../src/core/words/facts.ts';
import { startSimMailersend } from '../../src/lab/sim/mailersend.ts';
import { signedAsMailersend } from '../../src/lab/sim/mailersend-events.ts';
import { clockAt } from '../support/clock.ts';
import { DOMAIN, only, queueMail, startByHand } from '../support/homing.ts';

const ANN = 'ann@inbox.test';
const ACCESS = { 'v:homing-class': 'access' };

async function start(t: TestContext, adjust: (secondary: string) => string = (secondary) => secondary) {
  let clock = clockAt();
  const given = { token: 'mlsn.token', secret: 'secret-of-the-webhook', domains: [DOMAIN] };
  const mailersend = await startSimMailersend({ ...given, clock: () => clock() });
  t.after(mailersend.close);
  const env = { ENCRYPTION_KEY: 'ab'.repeat(32), SECONDARY: adjust(mailersend.secondary) };
  const homing = await startByHand(t, { secondary: false, env });
  clock = homing.clock;
  assert.ok(await mailersend.saveWebhook(`${homing.url}/webhooks/mailersend`), 'the webhook can be saved');
  await homing.sim.unplug();
  const id = await queueMail(homing, ANN, ACCESS);
  /** Lets that time pass, and then all that MailerSend has to tell of it. */
  const pass = async (minutes: number) => {
    await homing.play(homing.clock() + minutes * MINUTE);
    await mailersend.runDue();
    await homing.settle();
  };
  const post = async (body: string, signature: string) => {
    const url = `${homing.url}/webhooks/mailersend`;
    return (await fetch(url, { method: 'POST', body, headers: { signature } })).status;
  };
  return { homing, mailersend, id, pass, post, look: () => only(homing, id) };
}

test('access mail that Mailgun can not take goes out through MailerSend once, and is delivered when that says so', async (t) => {
  const { homing, mailersend, pass, look } = await start(t);
  await homing.play(homing.clock() + 2 * MINUTE);
  assert.equal((await look()).delivery.state, 'accepted', 'it tells what becomes of its mail');
  await pass(1);
  const { delivery, facts } = await look();
  assert.deepEqual([delivery.state, delivery.provider], ['delivered', 'mailersend']);
  assert.deepEqual(
    mailersend.mails.map(({ email }) => email.to),
    [[{ email: ANN }]],
  );
  assert.equal(facts.filter((f) => f.kind === 'claimed' && f.double !== null).length, 0);
  assert.match(facts.map((f) => factWords(f)).join('\n'), /sent through the secondary provider mailersend/);
  await homing.sim.plug();
  await pass(30);
  assert.deepEqual([mailersend.mails.length, homing.sim.copies(ANN)], [1, 0], 'and Mailgun gets none');
});

test('a hard bounce there is the end, for the cause that it names', async (t) => {
  const { mailersend, homing, pass, look } = await start(t);
  mailersend.fates.set(ANN, { bounced: 'hard', code: '550', reason: '5.1.1 no such user here' });
  await pass(2);
  await pass(30);
  const { delivery } = await look();
  assert.deepEqual([delivery.state, delivery.reason], ['failed', 'recipient_unknown']);
  assert.equal(mailersend.mails.length, 1);
  assert.equal((await homing.store.db('suppressions').select('cause')).length, 1, 'the address is dead for us too');
});

test('a recipient on a list of MailerSend ends as suppressed, and a complaint counts as an arrival', async (t) => {
  const listed = await start(t);
  listed.mailersend.fates.set(ANN, { suppressed: 'on_hold' });
  await listed.pass(2);
  const { delivery } = await listed.look();
  assert.deepEqual([delivery.state, delivery.reason], ['failed', 'suppressed']);
  const complaining = await start(t);
  complaining.mailersend.fates.set(ANN, 'complained');
  await complaining.pass(2);
  await complaining.pass(1);
  assert.equal((await complaining.look()).delivery.state, 'delivered');
  const [entry] = await complaining.homing.store.db('suppressions').select('cause');
  assert.equal(entry?.cause, 'complained');
});

test('a hand-over whose answer was lost is recognised by our own id in its events, and nothing is sent again', async (t) => {
  const { mailersend, pass, look } = await start(t);
  mailersend.misbehave((request) => request.method === 'POST', 'dropBeforeAnswer', 1);
  await pass(2);
  await pass(20);
  const { delivery } = await look();
  assert.equal(delivery.state, 'delivered');
  assert.equal(delivery.attempts.at(-1)?.answer, null);
  assert.equal(mailersend.mails.length, 1);
});

test('events come late, twice and in any order, forged ones change nothing, and the end is the same', async (t) => {
  const { homing, mailersend, pass, post, look } = await start(t);
  const url = mailersend.webhookUrl;
  mailersend.webhookUrl = `${homing.url}/nowhere`;
  await pass(2);
  const events = mailersend.posts.map(({ body, signature }) => ({ body, signature }));
  assert.equal(events.length, 2);
  mailersend.webhookUrl = url;
  for (const { body, signature } of events) {
    assert.equal(await post(body, signedAsMailersend(body, 'another')), 401);
    assert.equal(await post(body.replace('ann@', 'eve@'), signature), 401);
  }
  await homing.settle();
  assert.equal((await look()).delivery.state, 'accepted');
  for (const { body, signature } of [...events.toReversed(), ...events]) assert.equal(await post(body, signature), 200);
  await homing.settle();
  const { delivery, facts } = await look();
  assert.equal(delivery.state, 'delivered');
  assert.equal(facts.filter(({ kind }) => kind === 'reported').length, 2);
  await pass(10);
  assert.equal((await look()).facts.length, facts.length, 'MailerSend tries again what was not answered');
});

test('while MailerSend is in maintenance the mail waits, and goes out once when that is over', async (t) => {
  const { homing, mailersend, pass, look } = await start(t);
  mailersend.maintenance(true);
  await pass(5);
  assert.deepEqual([mailersend.mails.length, (await look()).delivery.state], [0, 'queued']);
  const calls = mailersend.requests.length;
  assert.ok(calls >= 1 && calls <= 6, `${calls} calls`);
  mailersend.maintenance(false);
  await pass(2);
  await pass(1);
  assert.deepEqual([mailersend.mails.length, (await look()).delivery.state], [1, 'delivered']);
  const kept = await homing.store.db('inbox').where('body', 'like', '%maintenance%').select('outcome');
  assert.equal(kept.length, 2);
});

test('without the secret of its webhook MailerSend is a server that tells nothing', async (t) => {
  const { pass, post, look } = await start(t, (secondary) => secondary.replace(/signing=[^&]*&/, ''));
  await pass(2);
  assert.equal((await look()).delivery.state, 'relayed');
  const body = '{"type":"activity.delivered","data":{}}';
  assert.equal(await post(body, signedAsMailersend(body, '')), 401);
});

test('mail waits from the beginning of its maintenance to the end, and no longer than two hours when no end is told', async (t) => {
  const { homing, mailersend, pass, look, post } = await start(t);
  mailersend.maintenance(true);
  await mailersend.runDue();
  await homing.settle();
  await pass(5);
  assert.deepEqual([mailersend.mails.length, (await look()).delivery.state], [0, 'queued']);
  assert.deepEqual(await homing.store.db('inbox').where({ outcome: 'set_aside' }), []);
  mailersend.maintenance(false);
  await pass(1);
  await pass(1);
  assert.equal((await look()).delivery.state, 'delivered');
  // What was told before, and comes late, is not heeded.
  const late = JSON.stringify({
    type: 'maintenance.start',
    created_at: new Date(homing.clock() - 5 * MINUTE).toISOString(),
    data: {},
  });
  assert.equal(await post(late, signedAsMailersend(late, 'secret-of-the-webhook')), 200);
  await homing.settle();
  const id = await queueMail(homing, 'bob@inbox.test', ACCESS);
  await pass(3);
  assert.equal((await only(homing, id)).delivery.provider, 'mailersend');
  // A beginning without an end.
  mailersend.maintenance(true);
  await mailersend.runDue();
  mailersend.fates.set('cid@inbox.test', 'delivered');
  await homing.settle();
  const cid = await queueMail(homing, 'cid@inbox.test', { 'v:homing-class': 'notice' });
  await pass(60);
  assert.equal((await only(homing, cid)).delivery.provider ?? 'mailgun', 'mailgun');
});

// A reset that can't go out through Mailgun goes out through SendGrid, which tells what became of it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Clock, HOUR, MINUTE, type Ms } from '../../src/core/time.ts';
import { standingWords } from '../../src/core/words/standing.ts';
import type { Misbehaviour } from '../../src/lab/sim/misbehave.ts';
import { type SendGridFate, type SimSendGrid, startSimSendGrid } from '../../src/lab/sim/sendgrid.ts';
import { clockAt } from '../support/clock.ts';
import { type Homing, only, queueMail, startByHand } from '../support/homing.ts';

const ANN = 'ann@inbox.test';
const NO_SUCH_USER: SendGridFate = [
  {
    event: 'bounce',
    type: 'bounce',
    status: '5.1.1',
    reason: '550 5.1.1 The mailbox that you wrote to does not exist',
  },
];
const DEFERRED: SendGridFate = [
  { event: 'deferred', response: '451 4.7.1 Please try again later', attempt: '1' },
  { after: HOUR / 2, event: 'delivered', response: '250 2.0.0 OK' },
];

type World = { sendgrid: SimSendGrid; homing: Homing; id: string };
type Given = { fate?: SendGridFate; misbehave?: Misbehaviour; secondary?: (url: string) => string };

/** Mailgun is down, and a reset is queued. */
async function start(t: TestContext, { fate, misbehave, secondary = (url) => url }: Given = {}): Promise<World> {
  let clock: Clock = clockAt();
  const sendgrid = await startSimSendGrid({ apiKey: 'SG.key-of-a-story', clock: () => clock() });
  t.after(sendgrid.close);
  if (fate) sendgrid.fate(ANN, fate);
  if (misbehave) sendgrid.misbehave(() => true, misbehave, 1);
  const env = { ENCRYPTION_KEY: 'ab'.repeat(32), SECONDARY: secondary(sendgrid.secondary) };
  const homing = await startByHand(t, { secondary: false, env });
  clock = homing.clock;
  sendgrid.hook.url = `${homing.url}/webhooks/sendgrid`;
  await homing.sim.unplug();
  const id = await queueMail(homing, ANN, { 'v:homing-class': 'access', subject: 'Your new password' });
  return { sendgrid, homing, id };
}

/** Time passes, for us and at SendGrid. */
async function play({ sendgrid, homing }: World, time: Ms): Promise<void> {
  const until = homing.clock() + time;
  for (;;) {
    const next = sendgrid.nextDueAt() ?? Number.POSITIVE_INFINITY;
    if (next <= homing.clock()) await sendgrid.runDue();
    else if (homing.clock() >= until) break;
    // A mail that is handed over meanwhile makes something due there.
    else await homing.play(Math.min(until, next, homing.clock() + MINUTE / 4));
  }
  await homing.settle();
}

test('while Mailgun is down a reset goes out through SendGrid once, and is known to have arrived', async (t) => {
  const world = await start(t);
  await play(world, 5 * MINUTE);
  const [mail, ...others] = world.sendgrid.mails;
  assert.ok(mail);
  assert.deepEqual(others, []);
  assert.equal(mail.recipient, ANN);
  assert.equal(mail.sent.subject, 'Your new password');
  const { delivery, facts } = await only(world.homing, world.id);
  assert.equal(delivery.state, 'delivered');
  assert.equal(delivery.provider, 'sendgrid');
  assert.match(standingWords(delivery), /^The recipient's server took it/);
  assert.deepEqual(facts.flatMap((fact) => (fact.kind === 'reported' ? [fact.report] : [])).sort(), [
    'accepted',
    'delivered',
  ]);
});

test('what bounces there has failed, for the cause that the server gave', async (t) => {
  const world = await start(t, { fate: NO_SUCH_USER });
  await play(world, 5 * MINUTE);
  const { delivery } = await only(world.homing, world.id);
  assert.deepEqual([delivery.state, delivery.reason], ['failed', 'recipient_unknown']);
  assert.equal(world.sendgrid.mails.length, 1);
});

test('what SendGrid drops for a list of its own has failed, and nobody is sent a second copy', async (t) => {
  const world = await start(t, { fate: [{ event: 'dropped', reason: 'Bounced Address' }] });
  await play(world, 5 * MINUTE);
  const { delivery } = await only(world.homing, world.id);
  assert.deepEqual([delivery.state, delivery.reason], ['failed', 'suppressed']);
});

test('what is deferred there is left to SendGrid, and counts when it arrives', async (t) => {
  const world = await start(t, { fate: DEFERRED });
  await play(world, 5 * MINUTE);
  assert.equal((await only(world.homing, world.id)).delivery.state, 'deferred');
  await play(world, HOUR);
  assert.equal((await only(world.homing, world.id)).delivery.state, 'delivered');
  assert.equal(world.sendgrid.mails.length, 1);
});

test('a hand-over without an answer is not made again when its events tell that it was taken', async (t) => {
  const world = await start(t, { misbehave: 'dropBeforeAnswer' });
  await play(world, 5 * MINUTE);
  const { delivery } = await only(world.homing, world.id);
  assert.equal(delivery.state, 'delivered');
  assert.equal(world.sendgrid.mails.length, 1);
});

test('it is asked again later when it was busy', async (t) => {
  const world = await start(t, { misbehave: { status: 429, body: '{"errors":[{"message":"too many requests"}]}' } });
  await play(world, 10 * MINUTE);
  assert.equal((await only(world.homing, world.id)).delivery.state, 'delivered');
  assert.equal(world.sendgrid.mails.length, 1);
});

test('events that come twice, turned round, forged or with poison between them tell what they tell', async (t) => {
  const world = await start(t, { fate: [] });
  await play(world, 5 * MINUTE);
  const { sendgrid, homing } = world;
  const [mail] = sendgrid.mails;
  assert.ok(mail);
  const event = (what: SendGridFate[number]) => sendgrid.event(mail, what);
  const { raw, headers } = sendgrid.hook.signed([event({ event: 'delivered' })]);
  const forged = { method: 'POST', headers, body: Buffer.concat([raw, Buffer.from('\n')]) };
  assert.equal((await fetch(`${homing.url}/webhooks/sendgrid`, forged)).status, 401);
  await homing.settle();
  assert.equal((await only(homing, world.id)).delivery.state, 'accepted');
  const list = [
    event({ event: 'open' }),
    { poison: true },
    null,
    event({ event: 'delivered' }),
    event({ event: 'processed' }),
  ];
  for (const again of [list, list, [...list].reverse()]) assert.equal(await sendgrid.hook.post(again), 200);
  const strange = { ...event({ event: 'bounce', reason: '550 5.1.1 no' }), email: 'eve@other.test' };
  assert.equal(await sendgrid.hook.post([strange]), 200);
  await homing.settle();
  const { delivery, facts } = await only(homing, world.id);
  assert.equal(delivery.state, 'delivered');
  const reports = facts.flatMap((fact) => (fact.kind === 'reported' ? [fact.report] : []));
  assert.deepEqual(reports.sort(), ['accepted', 'accepted', 'delivered', 'opened']);
});

test('without a key for its webhooks what went out there is relayed, and they are refused with words', async (t) => {
  const world = await start(t, { secondary: (url) => url.replace(/signing=[^&]*&/, '') });
  await play(world, 5 * MINUTE);
  assert.equal((await only(world.homing, world.id)).delivery.state, 'relayed');
  assert.equal(world.sendgrid.hook.posts[0]?.answer, 401);
  const { raw, headers } = world.sendgrid.hook.signed([]);
  const response = await fetch(`${world.homing.url}/webhooks/sendgrid`, { method: 'POST', headers, body: raw });
  assert.match(JSON.stringify(await response.json()), /SECONDARY names no key/);
});

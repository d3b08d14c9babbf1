import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { DAY, MINUTE, SECOND } from '../../../src/core/time.ts';
import { listenOnLoopback } from '../../../src/lab/sim/listen.ts';
import { startSimMailersend } from '../../../src/lab/sim/mailersend.ts';
import { signedAsMailersend } from '../../../src/lab/sim/mailersend-events.ts';
import { clockAt } from '../../support/clock.ts';

const SECRET = 'secret';
const EMAIL = { from: { email: 'shop@mg.example.com' }, to: [{ email: 'ann@inbox.test' }], subject: 'Hi', text: 'Hi' };

async function start(t: TestContext, version: 1 | 2 = 2) {
  const clock = clockAt();
  const given = { token: 'token', secret: SECRET, domains: ['mg.example.com'], clock, version };
  const sim = await startSimMailersend(given);
  const got: { body: string; signature: unknown }[] = [];
  const receiver = { status: 200 };
  const server = createServer(async (request, response) => {
    got.push({ body: await text(request), signature: request.headers['signature'] });
    response.writeHead(receiver.status).end();
  });
  const listening = await listenOnLoopback(server, 0);
  t.after(() => Promise.all([sim.close(), listening.close()]));
  const send = (email: object, token = 'token', accept = 'application/json') =>
    fetch(`${sim.url}/v1/email`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept },
      body: JSON.stringify(email),
      redirect: 'manual',
    });
  return { clock, sim, got, receiver, send, hook: `http://127.0.0.1:${listening.port}/hook` };
}

test('a mail is taken with an id in a header and no body, and refused with a code for each field', async (t) => {
  const { sim, send } = await start(t);
  const taken = await send(EMAIL);
  assert.deepEqual([taken.status, await taken.text()], [202, '']);
  assert.equal(taken.headers.get('x-message-id'), sim.mails[0]?.id);
  assert.match(sim.mails[0]?.id ?? '', /^[0-9a-f]{24}$/);
  const refused = await send({ ...EMAIL, subject: '', to: [{ email: 'ann' }] });
  const { errors } = (await refused.json()) as { errors: Record<string, string[]> };
  assert.deepEqual([refused.status, Object.keys(errors)], [422, ['to.0.email', 'subject']]);
  assert.equal((await send(EMAIL, 'another')).status, 401);
  assert.equal((await send({ ...EMAIL, subject: '' }, 'token', '*/*')).status, 302, 'a browser goes back to its form');
});

test('a webhook is saved after its test was answered, and is signed, slashes and all', async (t) => {
  const { clock, sim, got, receiver, send, hook } = await start(t);
  receiver.status = 404;
  assert.equal(await sim.saveWebhook(hook), false);
  receiver.status = 204;
  assert.equal(await sim.saveWebhook(hook), true);
  await send({ ...EMAIL, subject: 'a/b', tags: ['x'] });
  clock.advance(10 * SECOND);
  await sim.runDue();
  const events = got.slice(2);
  for (const { body, signature } of events) assert.equal(signature, signedAsMailersend(body, SECRET));
  assert.match(events[0]?.body ?? '', /a\\\/b/);
  assert.deepEqual(
    events.map(({ body }) => JSON.parse(body).type),
    ['activity.sent', 'activity.delivered'],
  );
});

test('an event that is not answered well is posted again, for some days and no more', async (t) => {
  const { clock, sim, got, receiver, send, hook } = await start(t, 1);
  await sim.saveWebhook(hook);
  sim.fates.set('ann@inbox.test', { bounced: 'hard', reason: 'no such user' });
  receiver.status = 503;
  await send(EMAIL);
  for (let due = sim.nextDueAt(); due !== null; due = sim.nextDueAt()) {
    clock.set(Math.max(clock(), due));
    await sim.runDue();
  }
  assert.ok(clock() < clockAt()() + 5 * DAY && clock() > clockAt()() + 3 * DAY - MINUTE);
  const bounces = got.map(({ body }) => JSON.parse(body)).filter(({ type }) => type === 'activity.hard_bounced');
  assert.equal(bounces.length, 7);
  assert.deepEqual(bounces[0].data.morph, { object: 'recipient_bounce', reason: 'no such user' });
});

test('in maintenance nothing is taken, and that begins and ends with an event', async (t) => {
  const { sim, got, send, hook } = await start(t);
  await sim.saveWebhook(hook);
  sim.maintenance(true);
  assert.equal((await send(EMAIL)).status, 421);
  sim.maintenance(false);
  await sim.runDue();
  assert.equal((await send(EMAIL)).status, 202);
  const types = got.map(({ body }) => JSON.parse(body).type);
  assert.deepEqual(types, ['webhook.test', 'maintenance.start', 'maintenance.end']);
});

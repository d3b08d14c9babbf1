// Sending waits neither for questions about other mail nor for events of other mail.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { digest } from '../../src/inbox/digest.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { recordMany } from '../../src/store/messages/record-many.ts';
import { claimed, draft, failed } from '../support/factory.ts';
import { DOMAIN, type Homing, startByHand } from '../support/homing.ts';

const start = (t: TestContext): Promise<Homing> => startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });

/** So many mails failed a minute ago, so that Mailgun is asked about each before it is sent again. */
async function failedBefore({ store, clock }: Homing, count: number): Promise<void> {
  const at = clock() - MINUTE;
  const drafts = Array.from({ length: count }, (_, n) =>
    draft({
      ...{ messageId: `failed-${n}@${DOMAIN}`, recipients: [`failed-${n}@there.example`], createdAt: at },
      facts: [claimed(1, at, { leaseUntil: at }), failed(at + SECOND, 'retry', { messageId: `failed-${n}@${DOMAIN}` })],
    }),
  );
  for (let n = 0; n < count; n += 200) await recordMany(store, drafts.slice(n, n + 200), clock());
}

/** The application hands us a reset to send. */
async function queueReset({ url }: Homing, to: string): Promise<void> {
  const response = await fetch(`${url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('api:token').toString('base64')}` },
    body: new URLSearchParams({ from: `team@${DOMAIN}`, to, subject: 'Hi', text: 'Hi', 'v:homing-class': 'access' }),
  });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
}

const went = ({ sim }: Homing, to: string): boolean => sim.handovers.some((h) => h.recipient === to);

/** One step of each loop, without waiting for what it begins. */
async function step(homing: Homing): Promise<void> {
  await homing.dispatcher.run();
  await homing.asker.run();
  await new Promise(setImmediate);
}

test('a reset leaves at once while Mailgun hangs on the questions about a thousand other mails', async (t) => {
  const homing = await start(t);
  homing.sim.misbehave((request) => /\/events/.test(request.path), 'hang');
  await failedBefore(homing, 1000);
  const questions = () => homing.sim.requests.filter((request) => /\/events/.test(request.path)).length;
  while (questions() < 16) await step(homing);
  await queueReset(homing, 'ann@there.example');
  await homing.dispatcher.run();
  await homing.dispatcher.idle();
  assert.ok(went(homing, 'ann@there.example'), 'in the first pass after it came');
  assert.equal(questions(), 16, 'no further question was begun');
  // Had it waited for one of their connections, the time for a question would be over, and its connection closed.
  const open = homing.sim.requests.filter((request) => /\/events/.test(request.path) && !request.isOver);
  assert.equal(open.length, 16, 'and each of them still waits for its answer');
  assert.equal(homing.sim.handovers.length, 1, 'and nothing else left without its answer');
});

test('a fallback leaves within two seconds of its time while Mailgun hangs on every question', async (t) => {
  const homing = await start(t);
  homing.sim.misbehave((request) => /\/events|\/bounces/.test(request.path), 'hang');
  await failedBefore(homing, 1000);
  homing.sim.fate('ann@stubborn.test', BLOCKED_IP);
  const began = homing.clock();
  await queueReset(homing, 'ann@stubborn.test');
  const fellBack = () => homing.sink.mails.some((mail) => mail.to.includes('ann@stubborn.test'));
  while (!fellBack() && homing.clock() < began + 5 * MINUTE) {
    await step(homing);
    await homing.dispatcher.idle();
    await homing.sim.runDue();
    await digest(homing.inside);
    homing.clock.advance(SECOND / 4);
  }
  const after = homing.clock() - began;
  assert.ok(after >= 90 * SECOND && after <= 92 * SECOND, `after ${after} ms`);
});

test('a reset leaves at once while a hundred thousand events wait to be read', async (t) => {
  const homing = await start(t);
  await waitingEvents(homing, 100_000);
  await queueReset(homing, 'ann@there.example');
  await homing.dispatcher.run();
  await homing.dispatcher.idle();
  assert.ok(went(homing, 'ann@there.example'), 'in the first pass after it came');
  const [row] = await homing.store.db('inbox').where({ pending: 1 }).count({ n: '*' });
  assert.equal(Number(row?.['n']), 100_000, 'none of them was read for it');
});

/** Events of other mails, as webhooks left them. */
async function waitingEvents({ store, clock }: Homing, count: number): Promise<void> {
  await store.db.raw(
    `insert into inbox (id, provider, about, source, replay_key, event_key, received_at, content_type, body, pending,
      due_at, tries, outcome)
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
    select printf('01EVENT%019d', i), 'mailgun', 'about-' || (i / 20), 'webhook', 'replay-' || i, 'event-' || i, ?,
      'application/json', '{}', 1, ?, 0, 'new' from n`,
    [count, clock(), clock()],
  );
}

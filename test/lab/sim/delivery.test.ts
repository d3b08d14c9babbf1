import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { GREYLISTED, MAILBOX_FULL, NO_MX, TOO_OLD } from '../../../src/lab/campaign/outcomes.ts';
import { BLOCKED_IP, BLOCKED_IP_LISTED, NO_SUCH_USER, type Outcome } from '../../../src/lab/sim/fates.ts';
import type { EventData } from '../../../src/lab/sim/world.ts';
import { call, DOMAIN, eventNames, NOON, send, startByHand } from './support.ts';

const ANN = 'ann@example.net';

const lastStatus = (events: EventData[]): Record<string, unknown> => events.at(-1)?.['delivery-status'] ?? {};

/** [outcome, reason, code, bounce-type, on the bounce list afterwards] */
const FAILURES: [string, Outcome, string, number, string, boolean][] = [
  ['a blocked IP', BLOCKED_IP, 'espblock', 550, 'soft', false],
  ['a blocked IP that Mailgun lists', BLOCKED_IP_LISTED, 'bounce', 554, 'hard', true],
  ['a missing mailbox', NO_SUCH_USER, 'bounce', 550, 'hard', true],
  ['a full mailbox', MAILBOX_FULL, 'generic', 552, 'soft', false],
  ['a message too old', TOO_OLD, 'old', 602, 'soft', false],
  ['a domain without MX', NO_MX, 'generic', 498, 'soft', false],
];
for (const [what, outcome, reason, code, bounceType, listed] of FAILURES) {
  test(`${what} fails for good with ${code}, ${listed ? 'and the address is listed' : 'and nobody is listed'}`, async (t) => {
    const { sim } = await startByHand(t);
    sim.fate(ANN, outcome);
    await send(sim);
    await sim.runDue();
    const event = sim.events()[1];
    assert.deepEqual(
      [event?.event, event?.severity, event?.reason, event?.recipient],
      ['failed', 'permanent', reason, ANN],
    );
    const status = lastStatus(sim.events());
    assert.deepEqual([status['code'], status['bounce-type'], status['attempt-no']], [code, bounceType, 1]);
    assert.equal(sim.copies(ANN), 0);
    assert.equal(sim.suppressed(DOMAIN, 'bounces').length, listed ? 1 : 0);
  });
}

test('a script has one outcome per hand-over, and the last repeats', async (t) => {
  const { sim } = await startByHand(t);
  sim.fate(ANN, [BLOCKED_IP, 'deliver', 'lost']);
  for (let round = 0; round < 4; round++) {
    await send(sim);
    await sim.runDue();
  }
  assert.deepEqual(eventNames(sim), ['accepted', 'failed', 'accepted', 'delivered']);
  assert.equal(sim.handovers.length, 4);
});

test('a re-post takes the next outcome of the script', async (t) => {
  const { sim } = await startByHand(t);
  sim.fate(ANN, [BLOCKED_IP, 'deliver']);
  await send(sim);
  await sim.runDue();
  await call(sim, 'POST', sim.storageUrl(sim.handovers[0]?.storageKey ?? ''), { to: ANN });
  await sim.runDue();
  assert.deepEqual(eventNames(sim), ['accepted', 'failed', 'accepted', 'delivered']);
});

test('silence is an accepted event and nothing more; lost is a 200 and no event; reject names no recipient', async (t) => {
  const { sim } = await startByHand(t);
  for (const outcome of ['silence', 'lost', 'reject'] as const) {
    sim.fate(`${outcome}@example.net`, outcome);
    assert.equal((await send(sim, { to: `${outcome}@example.net` })).status, 200);
  }
  await sim.runDue();
  assert.equal(sim.nextDueAt(), null);
  assert.deepEqual(eventNames(sim), ['accepted', 'rejected']);
  assert.equal(sim.events()[0]?.recipient, 'silence@example.net');
  assert.equal('recipient' in (sim.events()[1] ?? {}), false);
  assert.ok(sim.events()[1]?.['reject']);
});

test('a temporary failure says when Mailgun tries again, and Mailgun does', async (t) => {
  const { sim, hand } = await startByHand(t);
  sim.fate(ANN, { defer: GREYLISTED, next: { defer: GREYLISTED, after: 15 * MINUTE, next: 'deliver' } });
  await send(sim);
  await sim.runDue();
  const event = sim.events()[1];
  assert.deepEqual([event?.event, event?.severity, event?.reason], ['failed', 'temporary', 'greylisted']);
  assert.deepEqual([lastStatus(sim.events())['code'], lastStatus(sim.events())['retry-seconds']], [451, 600]);
  assert.equal(sim.nextDueAt(), NOON + 10 * MINUTE);
  hand.now += 25 * MINUTE;
  await sim.runDue();
  assert.deepEqual(eventNames(sim), ['accepted', 'failed', 'failed', 'delivered']);
  assert.equal(lastStatus(sim.events())['attempt-no'], 3);
  // What fell due in between happened at its own time, not when the clock was looked at.
  assert.deepEqual(
    sim.events().map((one) => Math.floor(one.timestamp) * 1000 - NOON),
    [0, 0, 10 * MINUTE, 25 * MINUTE],
  );
  assert.equal(sim.suppressed(DOMAIN, 'bounces').length, 0);
});

test('Mailgun tries again after 10, 15 and 30 min, 1, 2 and 4 h, unless it is told of another wait', async (t) => {
  const { sim, hand } = await startByHand(t);
  const again = (times: number): Outcome =>
    times === 0 ? 'deliver' : { defer: GREYLISTED, next: again(times - 1) as 'deliver' };
  const waits = async (): Promise<number[]> => {
    sim.fate(ANN, again(6));
    const from = sim.events().length;
    await send(sim);
    for (let at: number | null = hand.now; at !== null; at = sim.nextDueAt()) {
      hand.now = at;
      await sim.runDue();
    }
    const deferred = sim.events().slice(from + 1, -1);
    return deferred.map((event) => Number(lastStatus([event])['retry-seconds']) / 60);
  };
  assert.deepEqual(await waits(), [10, 15, 30, 60, 120, 240]);
  sim.quirks.deferDelay = MINUTE;
  assert.deepEqual(await waits(), [1, 1, 1, 1, 1, 1]);
});

test('Mailgun gives up when it may try no longer, and says why it could not deliver', async (t) => {
  const { sim, hand } = await startByHand(t);
  const forGood: Outcome = { defer: GREYLISTED, next: { defer: GREYLISTED, next: 'deliver' } };
  sim.fate(ANN, forGood);
  assert.equal((await send(sim, { 'o:deliver-within': '0h20m' })).status, 200);
  hand.now += HOUR;
  await sim.runDue();
  assert.deepEqual(eventNames(sim), ['accepted', 'failed', 'failed', 'failed']);
  const last = sim.events().at(-1);
  assert.deepEqual(
    [last?.severity, last?.reason, Number(last?.timestamp) * 1000 >= NOON + 20 * MINUTE],
    ['permanent', 'old', true],
  );
  assert.deepEqual([lastStatus(sim.events())['code'], lastStatus(sim.events())['last-code']], [602, 451]);
  for (const wrong of ['4m', '0h4m', '24h1m', 'PT1H'])
    assert.equal((await send(sim, { 'o:deliver-within': wrong })).status, 400, wrong);
});

for (const [list, code, reason] of [
  ['bounces', 605, 'suppress-bounce'],
  ['unsubscribes', 606, 'suppress-unsubscribe'],
  ['complaints', 607, 'suppress-complaint'],
] as const) {
  test(`a listed address (${list}) gets a 200 and then ${code} without any attempt`, async (t) => {
    const { sim } = await startByHand(t);
    await call(sim, 'POST', `/v3/${DOMAIN}/${list}`, { address: 'ANN@example.net' });
    assert.equal((await send(sim)).status, 200);
    await sim.runDue();
    const event = sim.events()[1];
    assert.deepEqual([event?.event, event?.severity, event?.reason], ['failed', 'permanent', reason]);
    const status = lastStatus(sim.events());
    assert.deepEqual([status['code'], status['session-seconds'], 'bounce-type' in status], [code, 0.005, false]);
    assert.equal('sending-ip' in Object(event?.['envelope']), false);
    assert.equal(sim.copies(ANN), 0);
  });
}

test('an unsubscription of one tag stands in the way of mail of that tag alone', async (t) => {
  const { sim } = await startByHand(t);
  await call(sim, 'POST', `/v3/${DOMAIN}/unsubscribes`, { address: ANN, tag: 'news' });
  for (const tags of [['receipt'], ['receipt', 'news'], []]) await send(sim, { 'o:tag': tags });
  await sim.runDue();
  assert.deepEqual(eventNames(sim).slice(3), ['delivered', 'failed', 'delivered']);
  assert.equal(sim.events()[4]?.reason, 'suppress-unsubscribe');
});

test('after a hard bounce a re-post dies as 605, and lives once the entry is deleted', async (t) => {
  const { sim } = await startByHand(t);
  sim.fate(ANN, [BLOCKED_IP_LISTED, 'deliver']);
  await send(sim);
  await sim.runDue();
  const url = sim.storageUrl(sim.handovers[0]?.storageKey ?? '');
  assert.equal((await call(sim, 'POST', url, { to: ANN })).status, 200);
  await sim.runDue();
  assert.equal(lastStatus(sim.events())['code'], 605);
  assert.equal((await call(sim, 'DELETE', `/v3/${DOMAIN}/bounces/${ANN}`)).status, 200);
  await call(sim, 'POST', url, { to: ANN });
  await sim.runDue();
  assert.equal(sim.copies(ANN), 1);
});

test('a delivery can be followed by opens, clicks, an unsubscription, a complaint and a delayed bounce', async (t) => {
  const { sim } = await startByHand(t);
  const bounce = typeof NO_SUCH_USER === 'object' && 'fail' in NO_SUCH_USER ? NO_SUCH_USER.fail : assert.fail();
  sim.fate(ANN, { deliver: ['opened', 'clicked', 'unsubscribed', 'complained', { delayedBounce: bounce }] });
  await send(sim);
  await sim.runDue();
  assert.deepEqual(eventNames(sim).slice(2), ['opened', 'clicked', 'unsubscribed', 'complained', 'failed']);
  const [, , opened, , unsubscribed, , delayed] = sim.events();
  assert.deepEqual(Object.keys(opened?.message?.headers ?? {}), ['message-id']);
  assert.equal('storage' in (opened ?? {}), false);
  assert.deepEqual(unsubscribed?.storage, []);
  assert.deepEqual(delayed?.['envelope'], {});
  assert.equal(lastStatus(sim.events())['bounce-code'], '5.1.1');
  for (const list of ['bounces', 'unsubscribes', 'complaints'] as const) {
    assert.deepEqual(
      sim.suppressed(DOMAIN, list).map((entry) => entry.address),
      [ANN],
    );
  }
});

test('no two events share an instant, and each has the fields of live traffic', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim, { to: 'ann@gmail.com', 'o:tag': ['reset', 'auth'] });
  await sim.runDue();
  const [accepted, delivered] = sim.events();
  assert.ok(accepted !== undefined && delivered !== undefined && accepted.timestamp < delivered.timestamp);
  for (const event of [accepted, delivered]) {
    assert.deepEqual(event['domain'], { name: DOMAIN });
    assert.deepEqual([event['recipient-domain'], event['recipient-provider']], ['gmail.com', 'Gmail']);
    assert.deepEqual(event['tags'], ['reset', 'auth']);
    assert.doesNotMatch(event.message?.headers?.['message-id'] ?? '<', /[<>]/);
    assert.equal(event.message?.headers?.['subject'], 'Hello');
  }
  assert.equal(accepted['method'], 'HTTP');
  assert.deepEqual([lastStatus([delivered])['code'], lastStatus([delivered])['mx-host']], [250, 'mx.gmail.com']);
});

test('who has no script of their own meets the fate that the options name', async (t) => {
  const { sim } = await startByHand(t, {
    otherwise: (recipient) => (recipient.startsWith('bad') ? NO_SUCH_USER : 'deliver'),
  });
  await send(sim, { to: 'bad1@example.net, good@example.net' });
  await sim.runDue();
  assert.deepEqual(eventNames(sim), ['accepted', 'accepted', 'failed', 'delivered']);
});

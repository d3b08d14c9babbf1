// Hand-overs of which not all have room at once, or that go wrong.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { createDispatcher } from '../../src/dispatch/dispatch.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { OpenProvider } from '../../src/providers/registry/registry.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { clockAt } from '../support/clock.ts';
import { type Homing, only, queueMail, startByHand } from '../support/homing.ts';
import { freshDatabase } from '../support/stores.ts';
import { tell } from '../support/tell.ts';
import { throughToy } from '../support/toy/homing.ts';
import { openToy } from '../support/toy/provider.ts';
import { startToy, type Toy } from '../support/toy/server.ts';

/** Mail for these people failed, and is due to go out through another provider, which was busy when it was tried first. */
async function fallbacksDue(t: TestContext, names: readonly string[], open: OpenProvider = openToy) {
  const toy = await startToy(clockAt());
  t.after(() => {
    toy.release();
    return toy.close();
  });
  const homing = await startByHand(t, {
    env: { RETRY_MAX_ATTEMPTS: '1', ENCRYPTION_KEY: 'ab'.repeat(32) },
    secondary: false,
    ...throughToy(toy, open),
  });
  toy.mood = 'busy';
  const ids: string[] = [];
  for (const name of names) {
    homing.sim.fate(`${name}@there.example`, BLOCKED_IP);
    ids.push(await homing.send(`${name}@there.example`));
  }
  await homing.settle();
  homing.clock.advance(2000);
  await homing.settle();
  const due = await Promise.all(ids.map(async (id) => (await only(homing, id)).delivery.nextAt ?? 0));
  homing.clock.set(Math.max(...due));
  return { homing, toy, ids };
}

/** Has the questions answered that stand before the hand-over. */
async function answered(homing: Homing): Promise<void> {
  await homing.dispatch();
  await homing.ask();
}

/** One step, and time for what comes in over the network. */
async function step(homing: Homing): Promise<void> {
  await homing.dispatcher.run();
  await homing.ask();
  await new Promise(setImmediate);
}

/** Takes steps until so many calls are held by the server. */
async function untilHeld({ homing, toy }: { homing: Homing; toy: Toy }, count: number): Promise<void> {
  while (toy.held.length < count) {
    await step(homing);
  }
}

test('what comes in about a delivery while it waits for room stops it: a cancel, a report', async (t) => {
  const world = await fallbacksDue(t, ['ann', 'ben', 'cid', 'dan', 'eve']);
  const { homing, toy, ids } = world;
  toy.mood = 'hold';
  await untilHeld(world, 2);
  const waiting: string[] = [];
  for (const id of ids) if ((await only(homing, id)).delivery.state === 'queued') waiting.push(id);
  assert.equal(waiting.length, 3, 'only as many are claimed as can leave');
  const [cancelled = '', arrived = '', kept = ''] = waiting;
  await tell(homing, arrived, 'delivered');
  const cancel = await fetch(`${homing.url}/api/messages/${cancelled}/cancel`, {
    method: 'POST',
    headers: { authorization: 'Bearer token' },
  });
  assert.equal(cancel.status, 200);
  toy.mood = 'take';
  toy.release();
  await homing.dispatcher.idle();
  await homing.settle();
  const sent = toy.mails.map((m) => m.to).sort();
  const expected = await Promise.all(
    ids.filter((id) => id !== cancelled && id !== arrived).map((id) => only(homing, id)),
  );
  assert.deepEqual(sent, expected.map((v) => v.recipient).sort());
  assert.equal((await only(homing, kept)).delivery.state, 'accepted');
  assert.equal((await only(homing, arrived)).delivery.state, 'delivered');
  assert.equal((await only(homing, cancelled)).delivery.state, 'cancelled');
});

test('a provider that holds its calls keeps nobody waiting who leaves by another way', async (t) => {
  const world = await fallbacksDue(t, ['ann', 'ben', 'cid']);
  const { homing, toy } = world;
  toy.mood = 'hold';
  await untilHeld(world, 2);
  const queued = await enqueued(homing, 'gus@there.example');
  while ((await only(homing, queued)).delivery.state !== 'accepted') {
    await step(homing);
  }
  assert.equal(toy.held.length, 2);
  toy.mood = 'take';
  toy.release();
  await homing.dispatcher.idle();
});

async function enqueued(homing: Homing, to: string): Promise<string> {
  const response = await fetch(`${homing.url}/v3/mg.example.com/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('api:token').toString('base64')}` },
    body: new URLSearchParams({ from: 'team@mg.example.com', to, subject: 'Hi', text: 'Hi', 'o:tag': 'homing:access' }),
  });
  const said = (await response.json()) as { id: string };
  assert.equal(response.status, 200, JSON.stringify(said));
  const { id } = await homing.store
    .db('messages')
    .where({ message_id: said.id.replace(/[<>]/g, '') })
    .first('id');
  return id;
}

test('a hand-over that breaks stops no other, and is written down as one that nobody can tell of', async (t) => {
  const breaking: OpenProvider = (url) => ({
    ...openToy(url),
    handOver: async (mail, until) => {
      if (mail.recipient.startsWith('ann')) throw new Error('nobody has thought of this');
      return openToy(url).handOver(mail, until);
    },
  });
  const { homing, toy, ids } = await fallbacksDue(t, ['ann', 'ben'], breaking);
  toy.mood = 'take';
  await homing.settle();
  const [ann, ben] = await Promise.all(ids.map((id) => only(homing, id)));
  assert.equal(ann?.delivery.attempts.at(-1)?.outcome, 'unconfirmed');
  assert.equal(ben?.delivery.state, 'accepted');
  assert.match(homing.lines.join('\n'), /a hand-over broke/);
});

test('a hand-over has less time than its lease, the time before it began included', async (t) => {
  const left: number[] = [];
  const timed: OpenProvider = (url): Provider => ({
    ...openToy(url),
    handOver: async (_mail, until) => {
      left.push(until.at - performance.now());
      return { kind: 'refused', why: 'busy', detail: 'later' };
    },
  });
  const { homing } = await fallbacksDue(t, ['ann'], timed);
  left.length = 0;
  const { lease } = homing.inside;
  let passed = 0;
  const slow = createDispatcher({ ...homing.inside, monotonic: () => (passed += lease / 8), onFree: () => {} });
  await answered(homing);
  await slow.run();
  await slow.idle();
  assert.equal(left.length, 1);
  assert.ok((left[0] ?? 0) < 0.8 * lease, `${left[0]} of ${lease} ms`);
});

test('a process that stood still for half of the lease hands nothing over, and says so of no provider', async (t) => {
  const { homing, toy, ids } = await fallbacksDue(t, ['ann']);
  toy.mood = 'take';
  const { lease } = homing.inside;
  let passed = 0;
  const paused = createDispatcher({ ...homing.inside, monotonic: () => (passed += lease / 2), onFree: () => {} });
  await answered(homing);
  await paused.run();
  await paused.idle();
  assert.equal(toy.mails.length, 0);
  const last = (await only(homing, ids[0] ?? '')).delivery.attempts.at(-1);
  assert.equal(last?.answer?.kind === 'refused' && last.answer.why, 'withdrawn');
  homing.clock.advance(MINUTE);
  await homing.settle();
  assert.equal(toy.mails.length, 1);
});

test('an address that is suppressed between the look and the claim is not sent to', async (t) => {
  const { homing, toy, ids } = await fallbacksDue(t, ['ann', 'ben']);
  toy.mood = 'take';
  await answered(homing);
  let suppressing: Promise<unknown> | null = null;
  // The claim asks for this right before it locks what it has looked at.
  const monotonic = () => {
    const listed = { address: 'ann@there.example', who: 'ops', reason: null };
    suppressing ??= addSuppression(homing.store, listed, homing.clock());
    return 0;
  };
  const dispatcher = createDispatcher({ ...homing.inside, monotonic, onFree: () => {} });
  await dispatcher.run();
  await dispatcher.idle();
  assert.equal(await suppressing, true);
  assert.deepEqual(
    toy.mails.map((m) => m.to),
    ['ben@there.example'],
  );
  await homing.settle();
  const { delivery } = await only(homing, ids[0] ?? '');
  assert.deepEqual([delivery.state, delivery.reason], ['failed', 'suppressed']);
});

test('an answer that can not be written down stops no other', async (t) => {
  const strange: OpenProvider = (url) => ({
    ...openToy(url),
    handOver: async (mail, until) => {
      const answer = await openToy(url).handOver(mail, until);
      // Against the contract: whoever makes a name of it comes to grief.
      const messageId = { toString: () => assert.fail('it is no text') } as unknown as string;
      return mail.recipient.startsWith('ann') ? { ...answer, messageId } : answer;
    },
  });
  const { homing, toy, ids } = await fallbacksDue(t, ['ann', 'ben'], strange);
  toy.mood = 'take';
  await answered(homing);
  await homing.dispatch();
  assert.equal((await only(homing, ids[1] ?? '')).delivery.state, 'accepted');
  assert.equal((await only(homing, ids[0] ?? '')).delivery.state, 'sending');
  assert.match(homing.lines.join('\n'), /what became of a hand-over could not be written down/);
});

test('an answer that could not be written down is written while the process is told to stop', async (t) => {
  const url = await freshDatabase(t, 'sqlite');
  const file = url.slice('sqlite:'.length);
  const homing = await startByHand(t, { database: url, env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const id = await queueMail(homing, 'anna@inbox.test');
  const stopping = new AbortController();
  const warn = (_about: unknown, says: string) => {
    if (/can not be written down yet/.test(says)) renameSync(`${file}.away`, file);
  };
  const log = { ...homing.inside.log, warn } as typeof homing.inside.log;
  const dispatcher = createDispatcher({ ...homing.inside, log, signal: stopping.signal, onFree: () => {} });
  homing.sim.misbehave(({ path }) => {
    if (!path.endsWith('/messages')) return false;
    renameSync(file, `${file}.away`);
    stopping.abort();
    return false;
  }, 'hang');
  await dispatcher.run();
  await dispatcher.idle();
  assert.equal((await only(homing, id)).delivery.state, 'accepted');
});

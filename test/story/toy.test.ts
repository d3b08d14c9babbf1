// A provider that nobody knows is added by its folder and its line in the registry, and takes part in everything.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HOUR } from '../../src/core/time.ts';
import { factWords } from '../../src/core/words/facts.ts';
import { standingWords } from '../../src/core/words/standing.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { clockAt } from '../support/clock.ts';
import { only, startByHand } from '../support/homing.ts';
import { tell } from '../support/tell.ts';
import { throughToy } from '../support/toy/homing.ts';
import { TOY_SECRET } from '../support/toy/provider.ts';
import { sign, startToy, type ToyEvent } from '../support/toy/server.ts';

const DORA = 'dora@stubborn.test';

async function start(t: TestContext) {
  const toy = await startToy(clockAt());
  t.after(toy.close);
  const homing = await startByHand(t, {
    secondary: false,
    ...throughToy(toy),
  });
  homing.sim.fate(DORA, BLOCKED_IP);
  const id = await homing.send(DORA);
  await homing.play(homing.clock() + 8 * HOUR);
  return { toy, homing, id };
}

type World = Awaited<ReturnType<typeof start>>;

async function post({ homing }: World, events: readonly ToyEvent[], secret = TOY_SECRET): Promise<number> {
  const body = JSON.stringify(events);
  const headers = { 'x-toy-signature': sign(body, secret) };
  const response = await fetch(`${homing.url}/webhooks/toy`, { method: 'POST', body, headers });
  return response.status;
}

test('a delivery goes out through a new provider, is reported on by it in a list, and is explained', async (t) => {
  const world = await start(t);
  const { toy, homing } = world;
  const [mail] = toy.mails;
  assert.ok(mail);
  assert.equal(toy.mails.length, 1);
  assert.equal(mail.to, DORA);
  assert.match(Buffer.from(mail.mime, 'base64').toString(), /^Subject: Hello/m);
  assert.equal((await only(world.homing, world.id)).delivery.state, 'accepted', 'it tells what becomes of its mail');
  const events = [...toy.events, toy.happen(mail, 'arrived')];
  assert.equal(await post(world, events, 'a wrong secret'), 401);
  assert.equal(await post(world, events), 200);
  assert.equal(await post(world, events), 200);
  await homing.settle();
  const { delivery, facts } = await only(world.homing, world.id);
  assert.equal(delivery.state, 'delivered');
  assert.equal(delivery.provider, 'toy');
  assert.deepEqual(delivery.arrivedOn, [6]);
  assert.equal(standingWords(delivery), "The recipient's server took it on attempt 6. Homing does nothing more.");
  assert.equal(facts.filter((f) => f.kind === 'reported' && f.provider === 'toy').length, 2, 'each event once');
  assert.match(
    facts.map((fact) => factWords(fact)).join('\n'),
    /Attempt 6 began: sent through the secondary provider toy\./,
  );
});

test('what a new provider reports to have failed has ended, for the cause that it gives', async (t) => {
  const world = await start(t);
  const { toy, homing } = world;
  const [mail] = toy.mails;
  assert.ok(mail);
  assert.equal(await post(world, [toy.happen(mail, 'bounced')]), 200);
  await homing.settle();
  const { delivery } = await only(world.homing, world.id);
  assert.equal(delivery.state, 'failed');
  assert.equal(delivery.reason, 'recipient_unknown');
  assert.equal(delivery.attempts.at(-1)?.claim.provider, 'toy');
});

test('what Mailgun reports is never said of an attempt of another provider, not even under the same id', async (t) => {
  const world = await start(t);
  const { homing, toy } = world;
  const [mail] = toy.mails;
  assert.ok(mail);
  const before = (await only(world.homing, world.id)).delivery.attempts.at(-1);
  assert.equal(before?.claim.provider, 'toy');
  await tell(homing, world.id, 'delivered', mail.id);
  await homing.settle();
  const { delivery } = await only(world.homing, world.id);
  assert.ok(!delivery.arrivedOn.includes(before?.number ?? 0));
});

test('a new provider is asked what became of a hand-over that got no answer', async (t) => {
  const toy = await startToy(clockAt());
  t.after(toy.close);
  toy.mood = 'drop after';
  const homing = await startByHand(t, {
    secondary: false,
    ...throughToy(toy),
  });
  homing.sim.fate(DORA, BLOCKED_IP);
  const id = await homing.send(DORA);
  await homing.play(homing.clock() + 8 * HOUR);
  const [view] = await homing.views(id);
  assert.equal(toy.mails.length, 1);
  assert.equal(view?.delivery.state, 'accepted');
});

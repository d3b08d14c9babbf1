// What every provider must do, run against each of them.
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { type TestContext, test } from 'node:test';
import { within } from '../../src/base/deadline.ts';
import type { Answer } from '../../src/core/answer.ts';
import { HOUR, type Ms } from '../../src/core/time.ts';
import type { Outgoing, Provider } from '../../src/providers/provider.ts';
import { MORNING } from './clock.ts';

/** How a server may treat the next mail. */
export type Treatment = 'takes' | 'refuses' | 'drops before' | 'drops after' | 'answers by half' | 'hangs';

export type ProviderWorld = {
  provider: Provider;
  treat(how: Treatment): void | Promise<void>;
  /** How many mails its server really has. */
  copies(): number;
  /** A mail to one recipient, as this provider takes it. */
  mail: Outgoing;
  /** What its server posts. */
  webhook?: {
    now: Ms;
    /** A request that tells of so many events of the mail, and the same with a signature that is none. */
    genuine(events: number): { raw: Buffer; headers: IncomingHttpHeaders };
    forged(): { raw: Buffer; headers: IncomingHttpHeaders };
    /** So many events may one request hold. */
    most: number;
  };
};

const SOON: Ms = 10_000;

/** What a provider has is said beforehand, so that nothing is left out because it is missing by mistake. */
export type Has = { webhook: boolean; history: boolean };

export function providerContract(name: string, has: Has, make: (t: TestContext) => Promise<ProviderWorld>): void {
  test(`${name}: what it says that it can do is there`, async (t) => {
    const world = await make(t);
    const { provider } = world;
    assert.deepEqual({ webhook: provider.webhook !== undefined, history: provider.history !== undefined }, has);
    assert.equal(provider.can.lookUp, has.history);
    assert.equal(provider.can.storeCopy, provider.storedCopies !== undefined);
    assert.ok(!provider.can.track || (provider.webhook && provider.read));
    assert.ok(!provider.takesBack || (provider.webhook && provider.read && !provider.can.track));
    assert.ok(!provider.takesBack?.(`bounce@${world.mail.domain}`), 'an address that it did not make');
    assert.ok(provider.slots > 0 && provider.name.length > 0 && provider.name.length <= 191);
  });

  test(`${name}: a mail that is taken is there once`, async (t) => {
    const world = await make(t);
    const answer = await handOver(world, 'takes');
    assert.equal(answer.kind, 'accepted', JSON.stringify(answer));
    assert.equal(answer.kind === 'accepted' && answer.messageId !== null, world.provider.can.track);
    assert.equal(world.copies(), 1);
  });

  test(`${name}: a refusal is certain, and nothing was taken`, async (t) => {
    const world = await make(t);
    assert.equal((await handOver(world, 'refuses')).kind, 'refused');
    assert.equal(world.copies(), 0);
  });

  test(`${name}: a server that hangs up before it has taken anything has none`, async (t) => {
    const world = await make(t);
    const answer = await handOver(world, 'drops before');
    assert.notEqual(answer.kind, 'accepted');
    assert.equal(world.copies(), 0);
  });

  for (const how of ['drops after', 'answers by half'] as const) {
    test(`${name}: a server that ${how} may have it: that is no "no"`, async (t) => {
      const world = await make(t);
      assert.equal((await handOver(world, how)).kind, 'unanswered');
      assert.equal(world.copies(), 1, 'and it is not sent again');
    });
  }

  test(`${name}: a hand-over ends with its deadline`, async (t) => {
    const world = await make(t);
    const answer = await handOver(world, 'hangs', 500);
    assert.notEqual(answer.kind, 'accepted');
  });

  test(`${name}: what begins when its time is over is not sent`, async (t) => {
    const world = await make(t);
    await world.treat('takes');
    const over = { signal: AbortSignal.abort(), at: performance.now() - 1 };
    assert.equal((await world.provider.handOver(world.mail, over)).kind, 'refused');
    assert.equal(world.copies(), 0);
  });

  test(`${name}: a form is taken, or refused as what it is`, async (t) => {
    const world = await make(t);
    await world.treat('takes');
    const form = [
      ['from', 'shop@mg.example.com'],
      ['to', world.mail.recipient],
      ['subject', 'x'],
      ['text', 'x'],
    ] as const;
    const answer = await world.provider.handOver({ ...world.mail, content: { form } }, within(SOON));
    if (world.provider.can.forms) assert.equal(answer.kind, 'accepted');
    else assert.equal(answer.kind === 'refused' && answer.why, 'invalid');
  });

  if (has.webhook) webhookContract(name, make);
  if (has.history) historyContract(name, make);
}

function webhookContract(name: string, make: (t: TestContext) => Promise<ProviderWorld>): void {
  test(`${name}: a genuine webhook holds its events, which read the same when they were kept`, async (t) => {
    const { provider, webhook } = await make(t);
    assert.ok(webhook && provider.webhook);
    for (const count of new Set([1, webhook.most])) {
      const opened = provider.webhook.open(webhook.genuine(count), webhook.now);
      assert.ok(opened.kind === 'events', JSON.stringify(opened));
      assert.equal(opened.events.length, count);
      assert.equal(new Set(opened.events.map((e) => e.replayKey)).size, count, 'each is told from the others');
      for (const { sighting, ...kept } of opened.events) {
        assert.ok(sighting);
        assert.deepEqual(provider.read?.(kept), sighting);
      }
    }
  });

  test(`${name}: a forged webhook is told from a genuine one, and junk breaks nothing`, async (t) => {
    const { provider, webhook } = await make(t);
    assert.ok(webhook && provider.webhook);
    assert.equal(provider.webhook.open(webhook.forged(), webhook.now).kind, 'forged');
    const { headers } = webhook.genuine(1);
    for (const junk of ['', '{', '[]', 'null', '{"a":1}', '\0', 'a=b'])
      assert.notEqual(provider.webhook.open({ raw: Buffer.from(junk), headers }, webhook.now).kind, 'events', junk);
  });
}

function historyContract(name: string, make: (t: TestContext) => Promise<ProviderWorld>): void {
  test(`${name}: its records know what it took, and nothing of the rest`, async (t) => {
    const world = await make(t);
    const { history, read } = world.provider;
    assert.ok(history && read);
    const { domain, recipient } = world.mail;
    const answer = await handOver(world, 'takes');
    const messageId = (answer.kind === 'accepted' && answer.messageId) || '';
    const { items, complete } = await history.about(domain, { messageId, recipient, since: MORNING - HOUR });
    assert.ok(items.length > 0 && complete);
    for (const item of items) assert.deepEqual(read(history.keep(item)), item.sighting);
    const none = await history.about(domain, { messageId: 'never@mg.example.com', recipient, since: MORNING - HOUR });
    assert.deepEqual([none.items, none.complete], [[], true]);
    await world.treat('drops before');
    await assert.rejects(history.about(domain, { messageId, recipient, since: MORNING - HOUR }));
  });
}

async function handOver(world: ProviderWorld, how: Treatment, ms = SOON): Promise<Answer> {
  await world.treat(how);
  return world.provider.handOver(world.mail, within(ms));
}

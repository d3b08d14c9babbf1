import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FactOf } from '../../src/core/delivery.ts';
import { HOUR } from '../../src/core/time.ts';
import type { History, Provider } from '../../src/providers/provider.ts';
import { type AskerDeps, createAsker } from '../../src/reconcile/asker.ts';
import { type Homing, only, startByHand } from '../support/homing.ts';
import { slowly } from '../support/slowly.ts';

/** A mail whose hand-over got no answer, long enough ago for the provider's records to be final, is to be asked about. */
async function unconfirmed(t: TestContext): Promise<{ homing: Homing; id: string }> {
  const homing = await startByHand(t);
  const id = await homing.send('ann@there.example', { record: 'lost' });
  for (const _ of ['it is given up', 'it is to be asked about']) {
    homing.clock.advance(HOUR);
    await homing.dispatch();
  }
  return { homing, id };
}

/** The same parts, but for what the provider has on record. */
function withHistory({ inside }: Homing, change: Partial<History>): Omit<AskerDeps, 'onAnswer'> {
  const { providers } = inside;
  const changed = (provider: Provider): Provider =>
    provider.history ? { ...provider, history: { ...provider.history, ...change } } : provider;
  const named = (name: string) => {
    const provider = providers.named(name);
    return provider && changed(provider);
  };
  return { ...inside, providers: { ...providers, all: providers.all.map(changed), named } };
}

async function asked(homing: Homing, id: string): Promise<FactOf<'asked'>[]> {
  return (await only(homing, id)).facts.filter((f) => f.kind === 'asked');
}

for (const complete of [true, false]) {
  test(`records that were ${complete ? '' : 'not '}read to their end ${complete ? 'settle' : 'do not settle'} it`, async (t) => {
    const { homing, id } = await unconfirmed(t);
    const about = async () => ({ items: [], complete });
    const asker = createAsker({ ...withHistory(homing, { about, aboutRecipient: about }), onAnswer: () => {} });
    assert.equal(await asker.run(), 1);
    await asker.idle();
    const [answer] = await asked(homing, id);
    assert.deepEqual([answer?.known, answer?.settled, answer?.problem], [false, complete, null]);
  });
}

test('a question that takes longer than its lease is asked by nobody else', async (t) => {
  const { homing, id } = await unconfirmed(t);
  const lease = 60;
  const settings = { ...homing.inside.settings, lease };
  const other = createAsker({ ...homing.inside, settings, onAnswer: () => {} });
  const others: number[] = [];
  const about = async () => {
    await slowly(homing.store, 'due', homing.clock, lease);
    others.push(await other.run());
    return { items: [], complete: true };
  };
  const asker = createAsker({
    ...withHistory(homing, { about, aboutRecipient: about }),
    ...{ settings, onAnswer: () => {} },
  });
  assert.equal(await asker.run(), 1);
  await asker.idle();
  assert.ok(others.length > 0);
  assert.deepEqual(new Set(others), new Set([0]));
  assert.equal((await asked(homing, id)).length, 1);
});

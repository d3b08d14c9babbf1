import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Health, HealthChange } from '../../src/core/health.ts';
import { type Claim, lengthOf, movedFrom, outagesFrom } from '../../src/core/outages.ts';
import { MINUTE } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';

/** Changes a minute apart: `mailgun suspect`, `mailgun down`, … */
function changes(...told: string[]): HealthChange[] {
  const before = new Map<string, Health>();
  return told.map((one, n) => {
    const [provider, after] = one.split(' ') as [string, Health];
    const change = {
      id: `c${n}`,
      provider,
      before: before.get(provider) ?? 'healthy',
      after,
      share: 100,
      evidence: one,
    };
    before.set(provider, after);
    return { ...change, at: MORNING + n * MINUTE };
  });
}

const seen = (...told: string[]) =>
  outagesFrom(changes(...told)).map(({ id, state, changes: some }) => `${id} ${state} ${some.map((c) => c.id)}`);

test('an outage goes from "down" to "healthy", with all that came between', () => {
  assert.deepEqual(seen('m suspect', 'm down', 'm recovering', 'm down', 'm recovering', 'm healthy', 'm suspect'), [
    'c1 healthy c1,c2,c3,c4,c5',
  ]);
});

test('one that has not ended is open, and a suspicion is none', () => {
  const [outage] = outagesFrom(changes('m suspect', 'm healthy', 'm down', 'm recovering'));
  assert.ok(outage);
  assert.deepEqual([outage.state, outage.startedAt, outage.endedAt], ['recovering', MORNING + 2 * MINUTE, null]);
  assert.equal(lengthOf(outage, MORNING + 12 * MINUTE), 10 * MINUTE);
  assert.deepEqual(seen('m suspect', 'm healthy'), []);
});

test('those of several providers are told apart, in the order in which they began', () => {
  assert.deepEqual(seen('m down', 's down', 's healthy', 'm healthy', 'm down'), [
    'c0 healthy c0,c3',
    'c1 healthy c1,c2',
    'c4 down c4',
  ]);
});

test('what ended without its beginning being known is left out', () => {
  assert.deepEqual(seen('m recovering', 'm healthy'), []);
});

test('a delivery counts once, for the provider that it was given to last', () => {
  const claim = (delivery: string, provider: string, over: Partial<Claim> = {}): Claim => ({
    ...{ delivery, provider, class: 'access', role: 'fallback', double: null },
    ...over,
  });
  const claims = [
    claim('a', 'one'),
    claim('a', 'two'),
    claim('b', 'two'),
    claim('c', 'two', { class: 'notice' }),
    claim('d', 'mailgun'),
    claim('e', 'two', { role: 'first' }),
  ];
  assert.deepEqual(movedFrom('mailgun', claims), [
    { provider: 'two', class: 'access', n: 2 },
    { provider: 'two', class: 'notice', n: 1 },
  ]);
});

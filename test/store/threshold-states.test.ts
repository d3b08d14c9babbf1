import assert from 'node:assert/strict';
import type { Standing } from '../../src/core/thresholds/judge.ts';
import { keepStanding, type StandingChange, standingThresholds } from '../../src/store/threshold-states.ts';
import { MORNING } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';

const standing: Standing = {
  ...{ beyondSince: MORNING - 1000, rangAt: MORNING, wellSince: null, lookedAt: MORNING },
  worst: { of: 180, bad: 12, value: 12 / 180 },
};
const scope = { domain: 'mg.example.com', class: 'bulk', about: '' };
const alert = (name: string) => ({
  item_key: name,
  kind: 'threshold' as const,
  incident: 'threshold:x',
  at: MORNING,
  detail: 'x',
});
const change = (over: Partial<StandingChange> = {}): StandingChange => ({
  ...{ rule: 'bounced', measure: 'bounced', scope, before: null, after: standing, alert: null },
  ...over,
});

eachStore('how a rule stands is kept, and read again as it was', async ({ store, open }) => {
  assert.equal(await keepStanding(store, change(), MORNING), true);
  const [kept] = await standingThresholds(open());
  assert.deepEqual(kept && { ...kept, token: '' }, { rule: 'bounced', measure: 'bounced', scope, standing, token: '' });
  assert.equal(await keepStanding(store, change({ before: kept ?? null, after: null }), MORNING), true);
  assert.deepEqual(await standingThresholds(store), []);
});

eachStore('of two processes that see the same, one tells it', async ({ store, open }) => {
  const there = open();
  const both = (before: StandingChange['before'], after: Standing | null, name: string) =>
    Promise.all([
      keepStanding(store, change({ before, after, alert: alert(`${name} here`) }), MORNING),
      keepStanding(there, change({ before, after, alert: alert(`${name} there`) }), MORNING),
    ]);
  assert.deepEqual((await both(null, standing, 'rings')).sort(), [false, true]);
  const [kept = null] = await standingThresholds(store);
  assert.deepEqual((await both(kept, null, 'clears')).sort(), [false, true]);
  const told = await store.db('alert_items').pluck('item_key');
  assert.deepEqual(told.map((name: string) => name.split(' ')[0]).sort(), ['clears', 'rings']);
});

eachStore('what an older look says of it is left out', async ({ store }) => {
  await keepStanding(store, change(), MORNING);
  const [kept = null] = await standingThresholds(store);
  await keepStanding(store, change({ before: kept, after: { ...standing, lookedAt: MORNING + 1 } }), MORNING);
  assert.equal(await keepStanding(store, change({ before: kept, after: null, alert: alert('late') }), MORNING), false);
  assert.deepEqual(await store.db('alert_items').pluck('item_key'), []);
});

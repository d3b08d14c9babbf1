// What lasts is over when that is seen.
import assert from 'node:assert/strict';
import { DAY, MINUTE, SECOND } from '../../src/core/time.ts';
import { clockAt } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';
import { daemonOf, happens, listening, turnsOf } from '../support/tellers.ts';

eachStore('what a daemon tells whose clock is ahead goes on no more when it is over', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  const ahead = { ...daemon, now: () => clock() + 45 * SECOND };
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await daemon.until(clock() + MINUTE);
  for (const other of [ahead, { ...daemon, now: () => clock() + DAY }]) {
    await happens(other, 'provider_down:mailgun', 'provider_down');
    await daemon.look();
    clock.advance(SECOND);
    await happens(daemon, 'provider_back:mailgun', 'provider_back');
    await daemon.until(clock() + MINUTE);
  }
  const [incident, ...others] = await store.db('incidents').select('flaps', 'ended_at');
  assert.deepEqual([incident.flaps, incident.ended_at !== null, others], [1, true, []]);
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail ended', 'mail opened', 'mail ended']);
});

eachStore('how the thresholds stand is read once for all their incidents', async ({ store }) => {
  const clock = clockAt();
  const daemon = daemonOf({ store, clock, to: listening() });
  for (const rule of ['late', 'slow', 'waits']) await happens(daemon, `threshold:${rule}`, 'threshold');
  await daemon.until(clock() + MINUTE);
  await store.db('incidents').update({ ended_at: null, over_at: null, open_name: store.db.ref('name') });
  const asked: string[] = [];
  store.db.on('query', ({ sql }) => /threshold_states/.test(sql) && asked.push(sql));
  await daemon.look();
  assert.equal(asked.length, 1);
});

eachStore('of more incidents than are told of at once none is left out for its name', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, isQuiet: () => true });
  const held = Array.from({ length: 600 }, (_, n) => `gave_up:${n}.example.com`);
  const items = held.map((name) => ({ item_key: name, incident: name, kind: 'gave_up', class: 'bulk', at: clock() }));
  await store.db.batchInsert('alert_items', items, 100);
  await happens(daemon, 'webhooks_silent', 'webhooks_silent');
  await daemon.until(clock() + MINUTE);
  assert.deepEqual(turnsOf(to.heard), ['mail opened']);
});

eachStore('an incident whose name is too long ends by the word that it is over', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  const provider = `${'mail-of-orders.'.repeat(13)}example.com`;
  await happens(daemon, `provider_down:${provider}`, 'provider_down');
  await daemon.until(clock() + MINUTE);
  await happens(daemon, `provider_back:${provider}`, 'provider_back', 'in time again');
  await daemon.until(clock() + MINUTE);
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail ended']);
  assert.match(to.heard[1]?.body ?? '', /in time again/);
});

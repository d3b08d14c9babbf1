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

// What lasts is over when that is seen.
import assert from 'node:assert/strict';
import { MINUTE } from '../../src/core/time.ts';
import { clockAt } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';
import { daemonOf, happens, listening, turnsOf } from '../support/tellers.ts';

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

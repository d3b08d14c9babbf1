// A rung of which some could not be told.
import assert from 'node:assert/strict';
import { MINUTE } from '../../src/core/time.ts';
import { acknowledgeIncident } from '../../src/operate/acknowledge.ts';
import type { Store } from '../../src/store/db/open.ts';
import { openIncidents } from '../../src/store/incidents.ts';
import { at, clockAt } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';
import { daemonOf, happens, ladder, listening, turnsOf } from '../support/tellers.ts';

const LADDER = ladder(['mail', 0], ['pagerduty', 0], ['slack', 5 * MINUTE]);

/** A provider that goes down while PagerDuty takes nothing. */
async function toldInPart(store: Store) {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, ['mail', 'pagerduty', 'slack']);
  to.down.add('pagerduty');
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await daemon.until(at(2));
  assert.deepEqual(turnsOf(to.heard), ['mail opened']);
  const [open] = await openIncidents(store);
  const waiting = () => store.db('alerts').where({ pending: 1 });
  return { clock, to, daemon, waiting, id: open?.id ?? '' };
}

eachStore('those of a rung who could not be told are tried again, and the others not', async ({ store }) => {
  const { to, daemon, waiting } = await toldInPart(store);
  to.down.clear();
  await daemon.until(at(4));
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'pagerduty opened']);
  assert.deepEqual(await waiting(), []);
  await happens(daemon, 'provider_back:mailgun', 'provider_back');
  await daemon.until(at(6));
  assert.deepEqual(turnsOf(to.heard.slice(2)), ['mail ended', 'pagerduty ended']);
});

eachStore('those who can not be told hold up nobody above them, and are given up after minutes', async ({ store }) => {
  const { to, daemon, waiting } = await toldInPart(store);
  await daemon.until(at(6));
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'slack opened']);
  assert.equal((await waiting()).length, 1, 'it is still tried');
  await daemon.until(at(19));
  assert.deepEqual(await waiting(), []);
  to.down.clear();
  await daemon.until(at(26));
  assert.deepEqual(turnsOf(to.heard.slice(2)), ['mail repeated', 'pagerduty repeated', 'slack repeated']);
});

eachStore('who was not told of it does not hear of it once somebody has taken it, or it is over', async ({ store }) => {
  const { clock, to, daemon, waiting, id } = await toldInPart(store);
  await acknowledgeIncident(store, { id, who: 'ann' }, clock());
  to.down.clear();
  await daemon.until(at(10));
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail acknowledged']);
  await happens(daemon, 'provider_back:mailgun', 'provider_back');
  await daemon.until(at(12));
  to.down.add('pagerduty');
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await daemon.until(at(14));
  await happens(daemon, 'provider_back:mailgun', 'provider_back');
  await daemon.until(at(15));
  to.down.clear();
  await daemon.until(at(30));
  assert.deepEqual(turnsOf(to.heard.slice(2)), ['mail ended', 'mail opened', 'mail ended']);
  assert.deepEqual(await waiting(), []);
});

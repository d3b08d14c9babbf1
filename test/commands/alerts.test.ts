import assert from 'node:assert/strict';
import { addAlertsCommand } from '../../src/commands/alerts.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { clockAt } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';
import { daemonOf, happens, listening, turnsOf } from '../support/tellers.ts';
import { runHere } from './support.ts';

eachStore('incidents are listed and taken from the command line', async ({ store, url }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  const run = (...args: string[]) => runHere(addAlertsCommand, ['alerts', ...args], { DATABASE_URL: url }, clock);
  assert.match((await run('list')).out, /No incident is open/);
  await happens(daemon, 'gave_up:mg.example.com', 'gave_up');
  await happens(daemon, 'reconciler_silent', 'reconciler_silent');
  await daemon.until(clock() + MINUTE);
  const listed = await run('list');
  assert.match(listed.out, /gave_up:mg\.example\.com \(error\): for 1 min, 1 case; nobody has taken it/);
  assert.match(listed.out, /reconciler_silent \(critical\): for 1 min; nobody has taken it/);
  const { open } = JSON.parse((await run('list', '--json')).out) as { open: { id: string; name: string }[] };
  const id = open.find(({ name }) => name === 'reconciler_silent')?.id ?? '';
  assert.match((await run('ack', 'gave_up:mg.example.com', '--by', 'ann\u001b[31m')).out, /taken by ann/);
  assert.match((await run('ack', id)).out, /^reconciler_silent .*taken by /);
  assert.match((await run('ack', id)).out, /^It was taken before\. /);
  assert.equal((await run('ack', 'gave_up:nowhere')).code, 1);
  assert.equal((await run('list', '--days', 'x')).code, 2);
  await daemon.until(clock() + 2 * HOUR);
  assert.deepEqual(turnsOf(to.heard).slice(2).sort(), ['mail acknowledged', 'mail acknowledged', 'mail ended']);
  assert.match(
    (await run('list')).out,
    /gave_up:mg\.example\.com: ended at 2026-11-25 09:00:00 UTC, after 0 ms, 1 case/,
  );
});

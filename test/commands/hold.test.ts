import assert from 'node:assert/strict';
import { addHoldCommand, addReleaseCommand } from '../../src/commands/hold.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { publishTerms } from '../../src/intake/terms.ts';
import { MORNING } from '../support/clock.ts';
import { eachStore } from '../support/stores.ts';
import { runHere } from './support.ts';

eachStore('mail is held, listed and released from the command line', async ({ store, url }) => {
  const run = (...args: string[]) =>
    runHere(args[0] === 'hold' ? addHoldCommand : addReleaseCommand, args, { DATABASE_URL: url }, () => MORNING);
  assert.match((await run('hold', '--list')).out, /Nothing is held/);
  const made = await run('hold', '--provider', 'mailgun', '--for', '2h', '--reason', 'their incident\u001b[31m');
  assert.match(
    made.out,
    /^All mail through mailgun is held until 2026-11-25 11:00:00 UTC, since .* by .*: their incident/,
  );
  assert.equal(made.out.includes('\u001b'), false);
  const { holds } = JSON.parse((await run('hold', '--list', '--json')).out) as { holds: { id: string }[] };
  const [hold] = holds;
  assert.ok(hold);
  assert.match(made.out, new RegExp(`homing release ${hold.id}`));
  await run('hold', '--class', 'bulk');
  assert.match((await run('release', hold.id)).out, /^Released: All mail through mailgun/);
  assert.equal((await run('release', hold.id)).code, 1);
  assert.match((await run('release', '--all')).out, /^Released: Mail of the class bulk/);
  for (const wrong of [['hold', '--class', 'x'], ['hold', '--for', 'x'], ['release'], ['release', 'x', '--all']])
    assert.equal((await run(...wrong)).code, 2, wrong.join(' '));
  const settings = settingsOf(readConfig({}, 'database'));
  await publishTerms(store, { ...settings, domains: null, providers: ['mailgun', 'mx.second.example:587'] }, MORNING);
  const typo = await run('hold', '--provider', 'mailgum');
  assert.deepEqual([typo.code, typo.out], [2, '']);
  assert.match(typo.err, /must be one of mailgun, mx\.second\.example:587/);
  const audit = await store.db('audit').orderBy('id').pluck('what');
  assert.deepEqual(audit, ['hold', 'hold', 'release', 'release']);
});

import assert from 'node:assert/strict';
import { addHoldCommand, addReleaseCommand } from '../../src/commands/hold.ts';
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
  const audit = await store.db('audit').orderBy('id').pluck('what');
  assert.deepEqual(audit, ['hold', 'hold', 'release', 'release']);
});

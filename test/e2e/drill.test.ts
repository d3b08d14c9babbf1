// Daemons that make a drill by themselves.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../src/lab/campaign/application.ts';
import { createWorld } from '../../src/lab/campaign/world.ts';
import { openStore } from '../../src/store/db/open.ts';

/** The processes whose command line has these words, and whose environment names this folder; Linux tells both. */
function processesOf(folder: string, ...words: string[]): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const line = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split('\0');
      const isOurs = readFileSync(join('/proc', pid, 'environ'), 'utf8').includes(folder);
      return isOurs && words.every((word) => line.includes(word));
    } catch {
      return false;
    }
  });
}

test('a daemon that is told to stop in the middle of a drill ends it, and leaves nothing behind', async (t) => {
  const world = await createWorld();
  t.after(world.close);
  const reports = join(world.folder, 'reports');
  const daemon = await world.start({
    ...{
      DRILL_CRON: '* * * * * *',
      DRILL_AGAINST: 'demo',
      DRILL_FOR: '1h',
      DRILL_REPORTS: reports,
      TMPDIR: world.folder,
    },
  });
  const drills = () => processesOf(reports, 'drill', '--not-kept');
  const playing = () => readdirSync(world.folder).some((name) => name.startsWith('homing-drill-'));
  await until('the drill to begin', () => drills().length === 1 && playing());
  daemon.signal('SIGTERM');
  assert.deepEqual(await daemon.ended, { code: 0, signal: null });
  assert.deepEqual([drills(), playing()], [[], false]);
  const store = openStore(world.database);
  t.after(store.close);
  assert.deepEqual(await store.db('drills').select('id'), [], 'one that was ended has shown nothing');
});

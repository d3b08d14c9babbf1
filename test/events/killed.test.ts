import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { MINUTE } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';
import { type Script, say, startScript } from '../support/http-script.ts';
import { eachStore } from '../support/stores.ts';
import { hear, idsIn, mail, posterTo, SECRET } from './support.ts';

const CHILD = join(import.meta.dirname, '../support/events-child.ts');

eachStore('an event that was posted by a process that is killed before it is noted is posted again', async (g) => {
  const { t, store, url } = g;
  let child: ChildProcess | null = null;
  // It has the event, and its sender is gone before it hears so.
  const killsIt: Script = (response, seen, count) => {
    if (count === 1) child?.kill('SIGKILL');
    else say(200, 'ok')(response, seen, count);
  };
  const server = await startScript(t, killsIt);
  const { clock, all } = posterTo(t, store, [server.url], { kinds: ['delivered'] });
  await all();
  await hear(store, await mail(store, 'ann', MORNING), 'delivered', MORNING);
  const args = ['--disable-warning=ExperimentalWarning', '--import', 'tsx', CHILD, url, server.url, SECRET];
  child = spawn(process.execPath, [...args, String(MORNING)], { stdio: 'inherit' });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
  // Whether it is still at it nobody can know for a while.
  assert.equal(await all(), 0);
  clock.advance(MINUTE);
  assert.equal(await all(), 1);
  const ids = idsIn(server.seen);
  assert.deepEqual([ids.length, new Set(ids).size], [2, 1]);
});

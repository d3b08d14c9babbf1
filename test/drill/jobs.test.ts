import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { MINUTE } from '../../src/core/time.ts';
import { drillInChild, type Ended } from '../../src/drill/child.ts';
import { DRILL_JOBS, type DrillInside, drillsFrom, playOnce } from '../../src/drill/jobs.ts';
import { reportOf } from '../../src/drill/judge/report.ts';
import { until } from '../../src/lab/campaign/application.ts';
import type { Store } from '../../src/store/db/open.ts';
import { lastDrill } from '../../src/store/drills.ts';
import { MORNING } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import { eachStore, testStore } from '../support/stores.ts';
import { good } from './judge/support.ts';

const configOf = (env: Record<string, string> = {}) => readConfig({ DRILL_AGAINST: 'demo', ...env }, 'database');

const insideOf = (store: Store, over: Partial<DrillInside> = {}): DrillInside => ({
  ...{ store, now: () => MORNING, signal: new AbortController().signal, log: logInto([]), config: configOf() },
  ...over,
});

const passing: Ended = { report: reportOf(good(), 'demo', false), says: '' };
const failing: Ended = { report: reportOf(good({ arrivals: [] }), 'demo', false), says: '' };
const drillOnce = async (...made: Parameters<typeof playOnce>): Promise<boolean> => {
  const writeEnd = await playOnce(...made);
  await writeEnd?.();
  return writeEnd !== null;
};
const alerts = (store: Store) => store.db('alert_items').select('kind', 'detail');

eachStore('of two daemons one makes the drill that is due, and an alert tells what failed', async ({ store, open }) => {
  let plays = 0;
  const play = async () => {
    plays++;
    return failing;
  };
  const both = [insideOf(store), insideOf(open(), { now: () => MORNING + MINUTE })];
  const made = await Promise.all(both.map((inside) => drillOnce(inside, MORNING, play)));
  assert.deepEqual([plays, made.filter(Boolean).length], [1, 1]);
  assert.equal((await lastDrill(store, MORNING))?.passed, false);
  const [alert, ...others] = await alerts(store);
  assert.deepEqual([alert?.kind, others], ['drill_failed', []]);
  assert.match(alert?.detail, /^A drill \(down, demo\) failed: no failover in time; not exactly one copy arrived\. /);
});

test('nobody is alerted of a drill that passed, or that ended because its daemon did', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  assert.equal(await drillOnce(insideOf(store), MORNING, async () => passing), true);
  assert.equal((await lastDrill(store, MORNING))?.passed, true);
  const stopping = new AbortController();
  const play = async () => {
    stopping.abort();
    return passing;
  };
  await drillOnce(insideOf(store, { signal: stopping.signal }), MORNING + 1, play);
  assert.deepEqual(await alerts(store), []);
  assert.deepEqual(await store.db('drills').pluck('passed'), [1]);
});

test('how a drill ended and the alert of it are written together, and again until they are', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  let plays = 0;
  const play = async () => {
    plays++;
    return failing;
  };
  const run = drillsFrom(insideOf(store), { last: () => MORNING }, MORNING - 1, play);
  await store.db.raw(
    `create trigger full before insert on alert_items begin select raise(abort, 'the disk is full'); end`,
  );
  await assert.rejects(run(), /the disk is full/);
  assert.equal((await lastDrill(store, MORNING))?.endedAt, null);
  await store.db.raw('drop trigger full');
  assert.deepEqual([await run(), await run(), plays], [1, 0, 1]);
  assert.equal((await lastDrill(store, MORNING))?.passed, false);
  assert.equal((await alerts(store)).length, 1);
});

test('a drill that says nothing has failed, and an alert says how it ended', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  await drillOnce(insideOf(store), MORNING, async () => ({ report: null, says: 'it ended with 2: error: <b>' }));
  assert.match((await alerts(store))[0]?.detail, /^A drill \(down, demo\) broke off: it ended with 2: error: <b>\.$/);
});

test('a time of the schedule before the daemon ran is left out, and none is due without a schedule', async (t) => {
  const { store } = await testStore(t, 'sqlite');
  for (const env of [{}, { DRILL_CRON: '0 3 1 * *' }]) {
    const running = DRILL_JOBS[0]?.start(insideOf(store, { config: configOf(env) }));
    assert.equal(await running?.run(), 0);
  }
  assert.equal(await lastDrill(store, MORNING), null);
});

test('in a process of its own it plays, tells of it, writes its reports, and ends when it is told to', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-drill-job-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const usual = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  t.after(() => {
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
  });
  const left = () => readdirSync(temporary).filter((name) => name.startsWith('homing-drill-'));
  const envOf = (given: Record<string, string>) => ({ ...process.env, DRILL_AGAINST: 'demo', ...given });
  const env = envOf({ DRILL_PRIMARY: 'slow', DRILL_FOR: '5s', DRILL_REPORTS: join(folder, 'reports') });
  const { report, says } = await drillInChild(t.signal, env);
  assert.deepEqual([report?.fault, report?.ground, report?.version], ['slow', 'demo', 1], says);
  assert.equal(readdirSync(join(folder, 'reports')).length, 3);
  const stopping = new AbortController();
  const ending = drillInChild(stopping.signal, envOf({ DRILL_FOR: '12h', DRILL_REPORTS: join(folder, 'others') }));
  // Its play has begun when its folder is there.
  const begun = until('the play to begin', () => left().length > 0);
  await Promise.race([begun, ending.then(({ says: why }) => assert.fail(`it ended before it began: ${why}`))]);
  stopping.abort();
  const ended = await ending;
  assert.notEqual(ended.report?.passed, true, ended.says);
  assert.deepEqual(left(), []);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Ended, restoreDrillJob, restoreDrillOnce, tellOfOldDrill } from '../../src/backup/drill-jobs.ts';
import { backUpWhenDue } from '../../src/backup/jobs.ts';
import { timesOf } from '../../src/base/times.ts';
import type { RestoreDrillReport } from '../../src/core/backups.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { lastRestoreDrill } from '../../src/store/backups.ts';
import { MORNING } from '../support/clock.ts';
import { eachStore, onSqlite } from '../support/stores.ts';
import { alerts, insideOf } from './support.ts';

const report = (over: Partial<RestoreDrillReport> = {}): RestoreDrillReport => ({
  ...{
    version: 1,
    backup: 'homing-20261125T090000Z-AAAAAA',
    backupAt: MORNING,
    startedAt: MORNING,
    endedAt: MORNING + 1,
  },
  ...{ restoreTook: 4000, passed: true, checks: [] },
  ...over,
});
const passing: Ended = { report: report(), says: '' };
const failing: Ended = {
  report: report({
    passed: false,
    checks: [{ check: 'nothing_twice', passed: false, says: '1 mail would be sent twice' }],
  }),
  says: '',
};

eachStore('of two daemons one makes the restore drill that is due, and an alert tells what failed', async (given) => {
  const { inside, now } = insideOf(given);
  let plays = 0;
  const play = async () => {
    plays++;
    return failing;
  };
  const both = [inside, { ...inside, store: given.open() }];
  const made = await Promise.all(both.map((one) => restoreDrillOnce(one, now(), play)));
  assert.deepEqual([plays, made.filter(Boolean).length], [1, 1]);
  const drill = await lastRestoreDrill(given.store);
  assert.deepEqual([drill?.passed, drill?.failed, drill?.restoreTook], [false, ['nothing_twice'], 4000]);
  assert.deepEqual(await alerts(given.store), [
    'restore_drill_failed: The restore drill (homing-20261125T090000Z-AAAAAA) failed: mail would be sent twice, or the trial did not come to its end.',
  ]);
});

onSqlite('nobody is alerted of one that passed, or that ended because its daemon did', async (given) => {
  const { inside, now } = insideOf(given);
  assert.equal(await restoreDrillOnce(inside, now(), async () => passing), true);
  assert.equal((await lastRestoreDrill(given.store))?.passed, true);
  const stopping = new AbortController();
  const breaking = async () => {
    stopping.abort();
    return passing;
  };
  assert.equal(await restoreDrillOnce({ ...inside, signal: stopping.signal }, now() + 1, breaking), false);
  assert.deepEqual(await alerts(given.store), []);
  assert.equal(await restoreDrillOnce(inside, now() + 1, async () => failing), true, 'it is made again');
  assert.equal((await lastRestoreDrill(given.store))?.passed, false);
});

onSqlite('one that does not come to an end is broken off, and has failed', async (given) => {
  const { inside, now } = insideOf(given);
  const hangs = async (signal: AbortSignal): Promise<Ended> => {
    await once(signal, 'abort');
    return passing;
  };
  await restoreDrillOnce(inside, now(), hangs, 1);
  assert.match((await lastRestoreDrill(given.store))?.failed[0] ?? '', /^it took longer than /);
  assert.match((await alerts(given.store)).join(), /^restore_drill_failed: .+ it took longer than /);
});

onSqlite('one that says nothing has failed, for what it said last', async (given) => {
  const { inside, now } = insideOf(given);
  await restoreDrillOnce(inside, now(), async () => ({
    report: null,
    says: 'it ended with 78: MAILGUN_API_KEY must be set',
  }));
  assert.deepEqual(await alerts(given.store), [
    'restore_drill_failed: The restore drill failed: it ended with 78: MAILGUN_API_KEY must be set.',
  ]);
});

onSqlite(
  'when none has passed that was due a week ago, an alert says so; a new installation has time',
  async (given) => {
    const { inside, now, startedAt } = insideOf(given);
    const times = timesOf('30 3 * * 0');
    await backUpWhenDue(inside);
    const tell = async (days: number) => {
      now.set(startedAt + days * DAY);
      await tellOfOldDrill(inside, times);
      return alerts(given.store);
    };
    assert.deepEqual(await tell(0), []);
    assert.deepEqual(await tell(10), [], 'the first one was due four days ago');
    assert.deepEqual(await tell(13), ['restore_drill_old: No backup was ever restored to the side with success.']);
    await restoreDrillOnce(inside, now(), async () => passing);
    assert.equal((await tell(20)).length, 1);
    const [, second] = await tell(34);
    assert.match(second ?? '', /^restore_drill_old: The last one that passed is of .+, 21 d ago\.$/);
  },
);

onSqlite('a daemon makes it in a process of its own, at the next time of the schedule', async (given) => {
  const { inside, now } = insideOf(given, { RESTORE_DRILL_CRON: '0 3 * * *' });
  const { run } = restoreDrillJob.start(inside);
  assert.equal(await run(), 0, 'nothing was there to be tried when the last one was due');
  now.set(MORNING + DAY);
  assert.equal(await run(), 1);
  // The process has the environment of this test, and finds no settings in it.
  assert.match((await lastRestoreDrill(given.store))?.failed[0] ?? '', /^it ended with \d/);
  now.advance(MINUTE);
  assert.equal(await run(), 0);
});

onSqlite('one that no daemon made at its time, or that was killed, is made up for', async (given) => {
  const { inside, now, startedAt } = insideOf(given, { RESTORE_DRILL_CRON: '0 3 * * *' });
  await backUpWhenDue(inside);
  now.set(startedAt + DAY);
  const { run } = restoreDrillJob.start(inside);
  now.advance(HOUR - 1);
  assert.equal(await run(), 0, 'not right after a start');
  now.advance(1);
  assert.equal(await run(), 1);
  assert.equal(await run(), 0);
  await given.store.db('restore_drills').update({ ended_at: null, passed: null, started_at: now() });
  const again = restoreDrillJob.start(inside);
  now.advance(12 * HOUR);
  assert.equal(await again.run(), 0, 'another daemon may be at it');
  now.advance(1);
  assert.equal(await again.run(), 1);
  assert.equal((await given.store.db('restore_drills')).length, 1);
});

onSqlite('without a folder for backups there is no drill', async (given) => {
  const { inside, now } = insideOf(given, { BACKUP_DIR: '' });
  const { run } = restoreDrillJob.start(inside);
  now.advance(30 * DAY);
  assert.equal(await run(), 0);
  assert.deepEqual(await alerts(given.store), []);
});

import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { backupsIn } from '../../src/backup/folder.ts';
import type { BackupInside } from '../../src/backup/inside.ts';
import { BACKUP_JOBS, backUpWhenDue } from '../../src/backup/jobs.ts';
import { backUp } from '../../src/backup/make.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { eachStore, onSqlite } from '../support/stores.ts';
import { alerts, depsFor, insideOf } from './support.ts';

const ageOf = (inside: BackupInside) => {
  const job = BACKUP_JOBS.find(({ name }) => name === 'age of backups');
  assert.ok(job);
  return job.start(inside).run;
};

eachStore('a backup is made when it is due, by one of all daemons', async (given) => {
  const { inside, now, folder } = insideOf(given);
  const other = { ...inside, store: given.open() };
  const both = () => Promise.all([inside, other].map((one) => backUpWhenDue(one)));
  const made = async () => (await both()).reduce((sum, n) => sum + n, 0);
  assert.equal(await made(), 1);
  now.advance(15 * MINUTE - 1);
  assert.equal(await made(), 0);
  now.advance(1);
  assert.equal(await made(), 1);
  assert.equal((await backupsIn(folder)).length, 2);
});

onSqlite('without a folder none is made', async (given) => {
  const { inside } = insideOf(given, { BACKUP_DIR: '' });
  assert.equal(await backUpWhenDue(inside), 0);
  assert.deepEqual(await given.store.db('backups'), []);
});

onSqlite('one that fails is told of, and tried again each minute until it succeeds', async (given) => {
  const { inside, now, folder } = insideOf(given);
  const age = ageOf(inside);
  assert.equal(await backUpWhenDue(inside), 1);
  rmSync(folder, { recursive: true });
  now.advance(15 * MINUTE);
  await backUpWhenDue(inside);
  await backUpWhenDue(inside);
  assert.equal((await given.store.db('backups').where({ is_good: 0 })).length, 1);
  now.advance(MINUTE);
  await backUpWhenDue(inside);
  assert.equal((await given.store.db('backups').where({ is_good: 0 })).length, 2);
  assert.deepEqual(await alerts(given.store), [`backup_failed: the folder ${folder} is not there.`]);
  now.advance(31 * MINUTE);
  // The last try may hang: another job tells of it.
  await age();
  const [, old] = await alerts(given.store);
  assert.match(old ?? '', /^backup_old: The last backup is of .+, 47 min ago \(.+\)\. The one of .+ failed: /);
});

onSqlite('a daemon that has just started makes the backup that is late, and alerts nobody', async (given) => {
  const { inside, now } = insideOf(given);
  await backUpWhenDue(inside);
  now.advance(5 * HOUR);
  await ageOf(inside)();
  assert.equal(await backUpWhenDue(inside), 1);
  assert.deepEqual(await alerts(given.store), []);
});

onSqlite('one that takes too long is broken off, said to have failed, and nothing is left of it', async (given) => {
  const deps = depsFor(given, { patience: 0 });
  await assert.rejects(backUp(deps), /it took longer than 0/);
  assert.deepEqual(readdirSync(deps.folder), []);
  const [kept] = await given.store.db('backups');
  assert.match(kept?.problem, /it took longer than/);
  assert.ok(await backUp({ ...deps, patience: HOUR }));
});

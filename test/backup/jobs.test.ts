import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { backupsIn } from '../../src/backup/folder.ts';
import { backUpWhenDue } from '../../src/backup/jobs.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { eachStore, onSqlite } from '../support/stores.ts';
import { alerts, insideOf } from './support.ts';

eachStore('a backup is made when it is due, by one of all daemons', async (given) => {
  const { inside, now, folder, startedAt } = insideOf(given);
  const other = { ...inside, store: given.open() };
  const both = () => Promise.all([inside, other].map((one) => backUpWhenDue(one, startedAt)));
  const made = async () => (await both()).reduce((sum, n) => sum + n, 0);
  assert.equal(await made(), 1);
  now.advance(15 * MINUTE - 1);
  assert.equal(await made(), 0);
  now.advance(1);
  assert.equal(await made(), 1);
  assert.equal((await backupsIn(folder)).length, 2);
});

onSqlite('without a folder none is made', async (given) => {
  const { inside, startedAt } = insideOf(given, { BACKUP_DIR: '' });
  assert.equal(await backUpWhenDue(inside, startedAt), 0);
  assert.deepEqual(await given.store.db('backups'), []);
});

onSqlite('one that fails is told of, and tried again each minute until it succeeds', async (given) => {
  const { inside, now, folder, startedAt } = insideOf(given);
  assert.equal(await backUpWhenDue(inside, startedAt), 1);
  rmSync(folder, { recursive: true });
  now.advance(15 * MINUTE);
  await backUpWhenDue(inside, startedAt);
  await backUpWhenDue(inside, startedAt);
  assert.equal((await given.store.db('backups').where({ is_good: 0 })).length, 1);
  now.advance(MINUTE);
  await backUpWhenDue(inside, startedAt);
  assert.equal((await given.store.db('backups').where({ is_good: 0 })).length, 2);
  assert.deepEqual(await alerts(given.store), [`backup_failed: the folder ${folder} is not there.`]);
  now.advance(31 * MINUTE);
  await backUpWhenDue(inside, startedAt);
  const [, old] = await alerts(given.store);
  assert.match(old ?? '', /^backup_old: The last backup is of .+, 47 min ago \(.+\)\. The one of .+ failed: /);
});

onSqlite('a daemon that has just started makes the backup that is late, and alerts nobody', async (given) => {
  const { inside, now, startedAt } = insideOf(given);
  await backUpWhenDue(inside, startedAt);
  now.advance(5 * HOUR);
  assert.equal(await backUpWhenDue(inside, now()), 1);
  assert.deepEqual(await alerts(given.store), []);
});

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addBackupCommand } from '../../../src/commands/backup.ts';
import { DAY, HOUR } from '../../../src/core/time.ts';
import { beginRestoreDrill, endRestoreDrill, keepBackup } from '../../../src/store/backups.ts';
import { tempFolder } from '../../backup/support.ts';
import { runHere } from '../support.ts';
import { examine, healthy } from './support.ts';

test('the doctor says how the backups stand, and whether one was restored', async (t) => {
  const { store, env: without } = await healthy(t);
  assert.deepEqual((await examine(without)).of('backup'), [], 'where none are made');
  const folder = join(tempFolder(t), 'backups');
  mkdirSync(folder);
  const env = { ...without, BACKUP_DIR: folder };
  const none = await examine(env);
  assert.equal(none.worst('backup'), 'warning');
  assert.match(none.of('backup')[0]?.says ?? '', /^No backup was made yet$/);
  assert.equal((await runHere(addBackupCommand, ['backup'], env)).code, 0);
  const made = await examine(env);
  assert.equal(made.worst('backup'), 'ok');
  assert.match(made.of('backup')[0]?.says ?? '', /^The last backup is of .+ ago \(.+ [KM]B\)$/);
  assert.deepEqual(
    [made.worst('restore drill'), made.of('restore drill')[0]?.mend],
    ['warning', 'make one: "homing restore --drill"'],
  );
  const now = Date.now();
  const drilled = async (at: number, passed: boolean) => {
    const id = await beginRestoreDrill(store, String(at), at);
    const failed = passed ? [] : ['nothing_twice'];
    await endRestoreDrill(store, id ?? '', {
      backup: 'x',
      backupAt: at,
      restoreTook: 2000,
      endedAt: at + 1,
      passed,
      failed,
    });
    return (await examine(env)).of('restore drill')[0];
  };
  assert.equal((await drilled(now - 20 * DAY, true))?.status, 'warning', 'that is long ago');
  const good = await drilled(now - 2 * HOUR, true);
  assert.equal(good?.status, 'ok');
  assert.match(good?.says ?? '', /passed: the restore took 2 s$/);
  const bad = await drilled(now - HOUR, false);
  assert.equal(bad?.status, 'warning');
  assert.match(bad?.says ?? '', /failed: mail would be sent twice, or the trial did not come to its end$/);
  await keepBackup(store, {
    startedAt: now + 1,
    endedAt: now + 1,
    name: null,
    bytes: null,
    problem: 'no room is left',
  });
  const failed = await examine(env);
  assert.equal(failed.worst('backup'), 'problem');
  assert.match(failed.of('backup')[0]?.says ?? '', /failed: no room is left$/);
});

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addBackupCommand } from '../../src/commands/backup.ts';
import { addRestoreCommand } from '../../src/commands/restore.ts';
import { openStore } from '../../src/store/db/open.ts';
import { seed } from '../support/factory.ts';
import { database, runHere } from './support.ts';

const KEY = 'ab'.repeat(32);

test('a backup that was made is listed, and restored to another file, marked as restored', async (t) => {
  const { store, url, folder } = await database(t);
  const backups = join(folder, 'backups');
  mkdirSync(backups);
  await seed(store, { subject: 'waits', facts: [] });
  const env = { DATABASE_URL: url, BACKUP_DIR: backups, ENCRYPTION_KEY: KEY };
  const made = await runHere(addBackupCommand, ['backup'], env);
  assert.deepEqual([made.code, made.err], [0, '']);
  const [, name = ''] = /^(homing-\S+) is made and verified: \d.* [KM]B, in .+\.\n$/.exec(made.out) ?? [];
  assert.notEqual(name, '', made.out);
  const listed = await runHere(addBackupCommand, ['backup', '--list'], env);
  assert.match(listed.out, new RegExp(`^${name}  .+  sqlite +.+  1 messages\\n$`));
  const to = `sqlite:${join(folder, 'elsewhere', 'restored.sqlite')}`;
  const byName = ['restore', 'latest', '--to', 'env:NEW_DATABASE_URL'];
  const restored = await runHere(addRestoreCommand, byName, { ...env, NEW_DATABASE_URL: to });
  assert.equal(restored.code, 0, restored.err);
  assert.match(
    restored.out,
    new RegExp(`^${name}, of .+, is restored to ${to} in .+\\.\\n1 open delivery is asked about `),
  );
  const other = openStore(to);
  t.after(other.close);
  assert.equal(
    await other
      .db('facts')
      .where({ kind: 'unanswered' })
      .first('kind')
      .then((row) => row?.kind),
    'unanswered',
  );
  assert.equal(
    await store.db('facts').where({ kind: 'unanswered' }).first('kind'),
    undefined,
    'the real one is as it was',
  );
  const again = await runHere(addRestoreCommand, ['restore', name, '--to', to], env);
  assert.equal(again.code, 1);
  assert.match(again.err, /restored\.sqlite is there already/);
});

test('a drill tries the last backup of its own database, in a folder that another one shares', async (t) => {
  const [own, other] = [await database(t), await database(t)];
  const backups = join(own.folder, 'backups');
  mkdirSync(backups);
  const env = {
    BACKUP_DIR: backups,
    ENCRYPTION_KEY: KEY,
    MAILGUN_API_KEY: 'key-test',
    MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-test',
    MAILGUN_DOMAIN: 'mg.example.com',
  };
  const backUp = async (url: string) =>
    (await runHere(addBackupCommand, ['backup'], { ...env, DATABASE_URL: url })).out;
  const [name = 'none'] = /homing-\S+/.exec(await backUp(own.url)) ?? [];
  await backUp(other.url);
  const drill = await runHere(addRestoreCommand, ['restore', '--drill'], { ...env, DATABASE_URL: own.url });
  assert.match(drill.out, new RegExp(`^  passed  [^:]+: ${name}, of `), drill.out + drill.err);
});

test('what can not be done is said in words, with the code for it', async (t) => {
  const { url, folder } = await database(t);
  const env = { DATABASE_URL: url, ENCRYPTION_KEY: KEY };
  const says = async (add: typeof addBackupCommand, args: string[], more = {}) => {
    const { code, err } = await runHere(add, args, { ...env, ...more });
    return `${code} ${err.split('\n')[0]}`;
  };
  assert.match(await says(addBackupCommand, ['backup']), /^2 error: say where with --to/);
  assert.match(
    await says(addBackupCommand, ['backup', '--to', join(folder, 'gone')]),
    /^1 No backup was made: the folder .+ is not there\./,
  );
  assert.match(
    await says(addBackupCommand, ['backup', '--list', '--to', join(folder, 'gone')]),
    /^1 The backups can't be listed: the folder/,
  );
  assert.match(
    await says(addBackupCommand, ['backup', '--to', folder], { ENCRYPTION_KEY: '' }),
    /^1 No backup was made: there is no ENCRYPTION_KEY/,
  );
  assert.match(await says(addRestoreCommand, ['restore', 'latest']), /^2 error: say which backup/);
  assert.match(await says(addRestoreCommand, ['restore', 'latest', '--to', 'postgres://x']), /^2 error: --to must be/);
  assert.match(
    await says(addRestoreCommand, ['restore', 'latest', '--to', 'env:NOWHERE']),
    /^2 error: .+ NOWHERE, which/,
  );
  assert.match(
    await says(addRestoreCommand, ['restore', 'latest', '--to', 'sqlite:x', '--from', folder]),
    /^1 There is no whole backup in/,
  );
});

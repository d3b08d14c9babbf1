// What happens to a backup in the middle of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, watch, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { backupsIn, sealedFile } from '../../src/backup/folder.ts';
import { backUp } from '../../src/backup/make.ts';
import { passedOf } from '../../src/backup/pack.ts';
import { startProcess } from '../../src/lab/campaign/daemon.ts';
import { backupState } from '../../src/store/backups.ts';
import type { Store } from '../../src/store/db/open.ts';
import { eachStore, onMariaDb } from '../support/stores.ts';
import { depsFor, KEY, tempFolder } from './support.ts';

const signal = new AbortController().signal;
const ROOT = join(import.meta.dirname, '..', '..');

/** Some megabytes that can't be compressed. */
async function fill(store: Store, megabytes: number): Promise<void> {
  for (let n = 0; n < megabytes; n++) {
    const body = randomBytes(1024 * 1024);
    await store
      .db('message_bodies')
      .insert({ message_id: String(n).padStart(26, '0'), ...(await bodyColumns(store, body)) });
  }
}

async function bodyColumns(store: Store, body: Buffer): Promise<Record<string, unknown>> {
  const columns = await store.db('message_bodies').columnInfo();
  const rest = Object.entries(columns).filter(([name, { nullable }]) => name !== 'message_id' && !nullable);
  return Object.fromEntries(
    rest.map(([name, { type }]) => [name, /blob|binary/.test(type) ? body : /int/.test(type) ? 0 : 'x']),
  );
}

eachStore('a process that is killed at any moment leaves no backup, or a whole one', async (given) => {
  const { store, url } = given;
  await fill(store, 4);
  const deps = depsFor(given);
  const first = await backUp(deps);
  assert.ok(first);
  let killed = 0;
  for (let events = 1; events <= 9; events += 2) {
    await store.db('cursors').where({ name: 'backup_guard' }).update({ at: 0 });
    const running = startProcess(['backup'], { DATABASE_URL: url, BACKUP_DIR: deps.folder, ENCRYPTION_KEY: KEY });
    let seen = 0;
    const watcher = watch(deps.folder, () => {
      if (++seen === events) running.signal('SIGKILL');
    });
    const { signal: by } = await running.ended;
    watcher.close();
    if (by === 'SIGKILL') killed++;
    const all = await backupsIn(deps.folder);
    assert.ok(all.some(({ name }) => name === first.name));
    for (const { name, sha256 } of all)
      assert.equal((await passedOf(sealedFile(deps.folder, name), { keys: [KEY], signal })).sha256, sha256);
  }
  assert.ok(killed >= 3, `${killed} were killed`);
  await store.db('cursors').where({ name: 'backup_guard' }).update({ at: 0 });
  assert.ok(await backUp({ ...deps, now: Date.now }));
});

onMariaDb('on a disk that is full nothing half stays behind, and the earlier backups do', async (given) => {
  const { store, url } = given;
  const deps = depsFor(given);
  const first = await backUp(deps);
  await fill(store, 3);
  const before = await readdir(deps.folder);
  // A limit on the size of files fails as a full disk does: in the middle of a write.
  const script = 'ulimit -f 1024; exec node scripts/homing.mjs backup';
  const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: url, BACKUP_DIR: deps.folder, ENCRYPTION_KEY: KEY };
  const ran = spawnSync('bash', ['-c', script], { cwd: ROOT, env, encoding: 'utf8' });
  assert.equal(ran.status, 1, ran.stdout + ran.stderr);
  assert.match(ran.stderr, /No backup was made: .*EFBIG/);
  assert.deepEqual(await readdir(deps.folder), before);
  assert.match((await backupState(store)).failure?.problem ?? '', /EFBIG/);
  assert.equal((await backupsIn(deps.folder))[0]?.name, first?.name);
});

const backupCommand = (url: string, folder: string, path: string) =>
  spawnSync(process.execPath, ['scripts/homing.mjs', 'backup'], {
    ...{ cwd: ROOT, encoding: 'utf8' },
    env: { PATH: path, DATABASE_URL: url, BACKUP_DIR: folder, ENCRYPTION_KEY: KEY },
  });

onMariaDb('where the program that dumps is missing, the error names it and what to install', async (given) => {
  const { folder } = depsFor(given);
  const { status, stderr } = backupCommand(given.url, folder, folder);
  assert.equal(status, 1);
  assert.match(stderr, /mariadb-dump and mysqldump are not there: install it \(Debian: mariadb-client\)/);
});

onMariaDb('the login is given by a file that nobody else can read, and is gone afterwards', async (given) => {
  const { t, url } = given;
  const { folder } = depsFor(given);
  const tools = tempFolder(t);
  const program =
    '#!/bin/sh\nfile=$(echo "$1" | cut -d= -f2); echo "$1 $(grep -c canary $file) $(stat -c %a $file)" >&2; exit 3';
  writeFileSync(join(tools, 'mariadb-dump'), program, { mode: 0o700 });
  const withPassword = url.replace('root@', 'root:canary%22%5C@');
  const { stderr } = backupCommand(withPassword, folder, `${tools}:${process.env['PATH']}`);
  const [, file = '', found] = /mariadb-dump ended with 3: --defaults-file=(\S+) (1 600)/.exec(stderr) ?? [];
  assert.equal(found, '1 600', stderr);
  assert.ok(!stderr.includes('canary'));
  assert.ok(!existsSync(file));
});

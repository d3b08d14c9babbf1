import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BackupInside } from '../../src/backup/inside.ts';
import type { BackupDeps } from '../../src/backup/make.ts';
import { readConfig } from '../../src/config/config.ts';
import { DAY } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { clockAt, type SetClock } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import type { TestStore } from '../support/stores.ts';

export const KEY = 'ab'.repeat(32);
export const OLD_KEY = 'cd'.repeat(32);

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'homing-backups-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a backup is made with, into a folder of its own. */
export const depsFor = (
  { t, store, url }: Pick<TestStore, 't' | 'store' | 'url'>,
  over: Partial<BackupDeps> = {},
): BackupDeps & { now: SetClock } => ({
  ...{
    store,
    url,
    folder: tempFolder(t),
    keys: [KEY],
    keep: [DAY, 14 * DAY, 56 * DAY],
    signal: new AbortController().signal,
    untidy: (error: unknown) => {
      throw error;
    },
  },
  ...over,
  now: clockAt(),
});

/** What a daemon has, with a folder for backups. */
export function insideOf({ t, store, url }: TestStore, env: Record<string, string> = {}) {
  const folder = tempFolder(t);
  const config = readConfig({ DATABASE_URL: url, BACKUP_DIR: folder, ENCRYPTION_KEY: KEY, ...env }, 'database');
  const now = clockAt();
  const inside: BackupInside = {
    ...{ store, config, now, log: logInto([]), signal: new AbortController().signal },
    encryptionKeys: config.ENCRYPTION_KEY,
  };
  return { inside, now, folder, startedAt: now() };
}

/** What would be told, in the order of its time. */
export const alerts = async (store: Store) => {
  const rows: { kind: string; detail: string }[] = await store.db('alert_items').orderBy('at').select('kind', 'detail');
  return rows.map(({ kind, detail }) => `${kind}: ${detail}`);
};

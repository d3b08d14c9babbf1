import { newId } from '../base/ids.ts';
import type { Backup, BackupState, KeptRestoreDrill, RestoreDrillReport } from '../core/backups.ts';
import { shortened, storable } from '../core/safe-text.ts';
import { DAY, type Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { insertNew } from './db/statements.ts';
import { inOneStatement } from './db/transact.ts';

/** Of the tables that are counted in a backup, those that tell best whether something is missing. */
export const COUNTED = ['messages', 'deliveries', 'facts', 'due', 'message_bodies', 'inbox', 'suppressions'] as const;

export async function countsOf({ db }: Store): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of COUNTED) counts[table] = Number((await db(table).count({ n: '*' }).first())?.['n'] ?? 0);
  return counts;
}

/** Whoever has this turn is the only one to make a backup. */
export const BACKUP_TURN = 'backup_guard';

type Row = {
  id: string;
  started_at: Ms;
  ended_at: Ms;
  is_good: number;
  name: string | null;
  bytes: number | null;
  problem: string | null;
};

const KEPT: Ms = 30 * DAY;

/** Writes down how a backup ended, and forgets what is long ago. */
export async function keepBackup(store: Store, made: Backup): Promise<void> {
  const { startedAt, endedAt, name, bytes, problem } = made;
  const row: Row = {
    id: newId(startedAt),
    ...{ started_at: startedAt, ended_at: endedAt, is_good: problem === null ? 1 : 0, name, bytes },
    problem: problem === null ? null : storable(shortened(problem, 500), 500),
  };
  await inOneStatement(store, (tx) => insertNew(tx, 'backups', row, 'id'));
  await inOneStatement(store, (tx) =>
    tx('backups')
      .where('started_at', '<', startedAt - KEPT)
      .delete(),
  );
}

/** The last good one, and the last try where that is a later one that failed. */
export async function backupState({ db }: Store): Promise<BackupState> {
  const newest = () => db('backups').orderBy('started_at', 'desc');
  const good: Row | undefined = await newest().where({ is_good: 1 }).first();
  const last: Row | undefined = await newest().first();
  return {
    good: good ? backupOf(good) : null,
    failure: last && Number(last.is_good) === 0 ? backupOf(last) : null,
  };
}

/** When the first one was made of those that are known yet; null when there is none. */
export async function firstBackupAt({ db }: Store): Promise<Ms | null> {
  const row: { started_at: Ms } | undefined = await db('backups').orderBy('started_at').first('started_at');
  return row ? Number(row.started_at) : null;
}

const backupOf = (row: Row): Backup => ({
  ...{ startedAt: Number(row.started_at), endedAt: Number(row.ended_at), name: row.name },
  ...{ bytes: row.bytes === null ? null : Number(row.bytes), problem: row.problem },
});

type DrillRow = {
  id: string;
  turn: string;
  started_at: Ms;
  ended_at: Ms | null;
  passed: number | null;
  backup: string | null;
  backup_at: Ms | null;
  restore_took: Ms | null;
  failed: string;
};

/** Begins the restore drill of a turn; null when another process has begun it. */
export async function beginRestoreDrill(store: Store, turn: string, now: Ms): Promise<string | null> {
  const id = newId(now);
  const row = { id, turn, started_at: now, ended_at: null, passed: null, ...NOTHING, failed: '[]' };
  await inOneStatement(store, (tx) => insertNew(tx, 'restore_drills', row, 'turn'));
  const made: { id: string } | undefined = await store.db('restore_drills').where({ turn }).first('id');
  return made?.id === id ? id : null;
}

const NOTHING = { backup: null, backup_at: null, restore_took: null };

export type RestoreDrillEnd = Pick<RestoreDrillReport, 'backup' | 'backupAt' | 'restoreTook' | 'endedAt' | 'passed'> & {
  failed: readonly string[];
};

/** Has its turn taken again: it came to nothing. */
export const giveBackRestoreDrill = (store: Store, id: string): Promise<void> =>
  inOneStatement(store, async (tx) => void (await tx('restore_drills').where({ id }).whereNull('ended_at').delete()));

/** The restore drill of a turn; null when it was not begun. */
export async function restoreDrillOf(
  { db }: Store,
  turn: string,
): Promise<{ id: string; startedAt: Ms; hasEnded: boolean } | null> {
  const row: DrillRow | undefined = await db('restore_drills').where({ turn }).first();
  return row ? { id: row.id, startedAt: Number(row.started_at), hasEnded: row.ended_at !== null } : null;
}

/** Writes down how it ended; the first word stands. */
export async function endRestoreDrill(store: Store, id: string, end: RestoreDrillEnd): Promise<void> {
  const { backup, backupAt, restoreTook, endedAt, passed, failed } = end;
  const words = JSON.stringify(failed.slice(0, MOST).map((one) => storable(shortened(one, 200), 200)));
  const change = { backup, backup_at: backupAt, restore_took: restoreTook, ended_at: endedAt };
  await inOneStatement(store, (tx) =>
    tx('restore_drills')
      .where({ id })
      .whereNull('ended_at')
      .update({ ...change, passed: passed ? 1 : 0, failed: words }),
  );
}

/** So many reasons are enough for a sentence. */
const MOST = 8;

/** The one that ended last, or has begun where none has ended; null when there was none. */
export async function lastRestoreDrill({ db }: Store): Promise<KeptRestoreDrill | null> {
  const newest = () => db('restore_drills').orderBy('started_at', 'desc');
  const row: DrillRow | undefined = (await newest().whereNotNull('ended_at').first()) ?? (await newest().first());
  if (!row) return null;
  const number = (value: number | null) => (value === null ? null : Number(value));
  return {
    ...{ id: row.id, startedAt: Number(row.started_at), endedAt: number(row.ended_at), backup: row.backup },
    ...{ backupAt: number(row.backup_at), restoreTook: number(row.restore_took) },
    passed: row.passed === null ? null : Number(row.passed) === 1,
    failed: JSON.parse(row.failed) as string[],
  };
}

/** When one was begun last that passed; null when none ever did. */
export async function lastPassedRestoreDrill({ db }: Store): Promise<Ms | null> {
  const row: { started_at: Ms } | undefined = await db('restore_drills')
    .where({ passed: 1 })
    .orderBy('started_at', 'desc')
    .first('started_at');
  return row ? Number(row.started_at) : null;
}

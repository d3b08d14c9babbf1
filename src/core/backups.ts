import { DAY, type Ms } from './time.ts';

/** A backup that was made (`problem` is null), or should have been. */
export type Backup = {
  startedAt: Ms;
  endedAt: Ms;
  name: string | null;
  bytes: number | null;
  problem: string | null;
};

export type BackupState = {
  /** The last one that was verified. */
  good: Backup | null;
  /** The last try, where it failed. */
  failure: Backup | null;
};

/** How far back all backups are kept, one of each day, and one of each week. */
export type Keep = readonly [all: Ms, daily: Ms, weekly: Ms];

const WEEK = 7 * DAY;

/**
 * Of backups that were made at these times, those that are not kept any more. Of each day and week, in UTC, the first one
 * stays; the newest of all stays in any case, and so does what is from the future.
 */
export function superfluous(times: readonly Ms[], [all, daily, weekly]: Keep, now: Ms): Ms[] {
  const newest = Math.max(...times);
  const kept = new Set<string>();
  return [...times]
    .sort((a, b) => a - b)
    .filter((at) => {
      const age = now - at;
      if (at === newest || age <= all) return false;
      const spans: string[] = [];
      if (age <= daily) spans.push(`day ${Math.floor(at / DAY)}`);
      if (age <= weekly) spans.push(`week ${Math.floor(at / WEEK)}`);
      const isFirst = spans.some((span) => !kept.has(span));
      for (const span of spans) kept.add(span);
      return !isFirst;
    });
}

/** A backup is late when so many were left out. */
const LATE = 3;

/** How old the last good backup may be before somebody has to look. */
export const oldAfter = (every: Ms): Ms => LATE * every;

/** Mail that leaves takes rows out of these; of the others only pruning does. */
const WANING = ['message_bodies'];
/** The tables that a restore changes by itself are left out: it adds facts. */
const UNTOUCHED = ['messages', 'deliveries', 'message_bodies', 'inbox', 'suppressions'];

type Counts = Readonly<Record<string, number>>;

/**
 * Tables of a restored backup that have other numbers of rows than its manifest says. The tables of a server are counted a
 * moment before they are written out: many rows may come meanwhile, and few may go, but never all.
 */
export function differentTables(kind: 'sqlite' | 'mysql', kept: Counts, restored: Counts): string[] {
  return UNTOUCHED.filter((table) => {
    const [then, there] = [kept[table] ?? 0, restored[table] ?? 0];
    if (kind === 'sqlite') return there !== then;
    const [some, many] = [Math.max(5, then / 50), 100 + then / 50];
    if (WANING.includes(table)) return Math.abs(there - then) > many;
    return there > then + many || there < then - some || (there === 0 && then > 0);
  });
}

/** What is looked at when a backup is restored to the side. */
export const RESTORE_CHECKS = ['restored', 'counts', 'conserved', 'keys', 'nothing_at_once', 'nothing_twice'] as const;
export type RestoreCheckName = (typeof RESTORE_CHECKS)[number];
export type RestoreCheck = { check: RestoreCheckName; passed: boolean; says: string };

export type RestoreDrillReport = {
  version: 1;
  /** The name of the backup and when it was made; null where there was none. */
  backup: string | null;
  backupAt: Ms | null;
  startedAt: Ms;
  endedAt: Ms;
  /** How long it took until a daemon could have started on it. */
  restoreTook: Ms | null;
  passed: boolean;
  /** Those that were made: after a backup that can't be restored there is nothing more to be checked. */
  checks: readonly RestoreCheck[];
};

export type KeptRestoreDrill = Pick<RestoreDrillReport, 'backup' | 'backupAt' | 'startedAt' | 'restoreTook'> & {
  id: string;
  endedAt: Ms | null;
  passed: boolean | null;
  /** Why it failed: names of checks, or why it broke off. */
  failed: readonly string[];
};

/** Whoever has not restored a backup for so much longer than planned does not know whether it can be done. */
export const DRILL_GRACE: Ms = 7 * DAY;

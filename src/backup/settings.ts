import { durations, length, plainCron, text } from '../base/kinds.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { MINUTE } from '../core/time.ts';
import { databaseProblem } from '../store/db/url.ts';

export const BACKUP = room({
  title: 'Backups',
  settings: {
    BACKUP_DIR: {
      kind: text,
      level: 'usual',
      needs: 'ENCRYPTION_KEY',
      says: 'Folder that backups of the database are written to, sealed with ENCRYPTION_KEY: best on another machine (a mounted share), and the same one for all daemons.',
      unset: 'nobody makes backups of the database but you',
    },
    BACKUP_EVERY: {
      kind: length.refine((ms) => ms >= MINUTE, 'must be a minute or more'),
      default: '15m',
      level: 'rarely',
      says: 'How often a backup is made. What happened since the last one is lost with the database.',
    },
    BACKUP_KEEP: {
      kind: durations.refine(
        (all) => all.length === 3 && all.every((ms, n) => ms >= (all[n - 1] ?? 0)),
        'must be three durations, none shorter than the one before it, such as 1d,14d,56d',
      ),
      default: '1d,14d,56d',
      level: 'rarely',
      says: 'How far back all backups are kept, one of each day, and one of each week.',
    },
    RESTORE_DRILL_CRON: {
      kind: plainCron,
      default: '30 3 * * 0',
      level: 'rarely',
      says: 'When the last backup is restored to the side and tried, by one of all daemons and in UTC; only with BACKUP_DIR.',
    },
    RESTORE_DRILL_DATABASE_URL: {
      kind: text,
      hides: 'login',
      level: 'rarely',
      says: 'An empty database that such a trial may fill and empty again, in place of one that it makes and drops beside the real one (MySQL and MariaDB).',
    },
  },
  problems: ({ RESTORE_DRILL_DATABASE_URL: url }) => {
    const problem = url === undefined ? null : databaseProblem(url);
    return problem === null ? [] : [`RESTORE_DRILL_DATABASE_URL ${problem}`];
  },
});

export type BackupSettings = SettingsOf<typeof BACKUP>;

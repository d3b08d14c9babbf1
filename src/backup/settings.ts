import { durations, length, plainCron, readAs, secret, text, webUrl } from '../base/kinds.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { MINUTE } from '../core/time.ts';
import { databaseProblem } from '../store/db/url.ts';
import { type BucketAccess, bucketProblem } from './bucket.ts';

const KEY = /^([^:]+):(.+)$/;
const MALFORMED = 'must be the id of a key and the key, with a colon between them, as plain ASCII';

export const BACKUP = room({
  title: 'Backups',
  settings: {
    BACKUP_DIR: {
      kind: text.refine(
        (where) => bucketProblem(where) === null,
        'must be a folder, or a bucket as in s3://bucket/folder',
      ),
      level: 'usual',
      needs: 'ENCRYPTION_KEY',
      says: 'Where backups of the database are kept, sealed with ENCRYPTION_KEY: a folder, best on another machine (a mounted share), or a bucket of a service with the API of Amazon S3 (s3://bucket/folder); the same for all daemons.',
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
    BACKUP_ENDPOINT: {
      kind: webUrl,
      level: 'rarely',
      says: "Where the service of the bucket is, when it is not Amazon's own: https://s3.eu-central-003.backblazeb2.com, or your MinIO.",
    },
    BACKUP_REGION: {
      kind: text.refine((name) => /^[a-z0-9-]{1,64}$/.test(name), 'must be the name of a region, such as eu-central-1'),
      default: 'us-east-1',
      level: 'rarely',
      says: 'In which region the bucket is.',
    },
    BACKUP_ACCESS_KEY: {
      kind: secret.pipe(
        readAs((both) => {
          const [, id, key] = KEY.exec(both) ?? [];
          return id === undefined || key === undefined ? null : { id, secret: key };
        }, MALFORMED),
      ),
      hides: 'all',
      level: 'rarely',
      says: "Key for the bucket, as id:secret. Not set: what Amazon's own tools would use here (their variables, their files, or the role of the machine).",
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

/** How a bucket of these settings is reached. */
export const accessIn = (config: BackupSettings): BucketAccess => ({
  endpoint: config.BACKUP_ENDPOINT,
  region: config.BACKUP_REGION,
  key: config.BACKUP_ACCESS_KEY,
});

import type { Log } from '../base/log.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import type { BackupSettings } from './settings.ts';

export type BackupInside = {
  store: Store;
  now: Clock;
  signal: AbortSignal;
  log: Log;
  encryptionKeys: readonly string[];
  config: BackupSettings & { DATABASE_URL: string };
};

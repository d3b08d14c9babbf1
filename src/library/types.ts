import type { CommonOptions, RemoteOptions } from '../client/types.ts';

export type DatabaseOptions = CommonOptions & {
  /** The daemon's `DATABASE_URL`: `mysql://user:pass@host:3306/db` or `sqlite:./file`. Throws when it is not set. */
  database: string | undefined;
  /** The daemon's `ENCRYPTION_KEY`, one key or a comma list: `deliverLater` needs it. */
  encryptionKey?: string;
  /** Where `ENCRYPTION_KEY` is looked for when `encryptionKey` is not given, for instance `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
};

export type HomingOptions = RemoteOptions | DatabaseOptions;

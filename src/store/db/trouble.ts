/** The database may lose what it has acknowledged, so Homing must not acknowledge anything on it. */
export class NotDurable extends Error {
  override readonly name = 'NotDurable';
}

/** A server that has left the cluster by itself: what is written there alone is lost to the others. */
export class OutsideCluster extends Error {
  override readonly name = 'OutsideCluster';

  constructor(place: string) {
    super(`the database server ${place} is of no cluster (wsrep_on), and others that are named with it are`);
  }
}

/** Codes of errors that mean that the database can not be used now. Any other error is about the statement. */
const TROUBLE = new Set([
  // The way to the server
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_ENQUEUE_AFTER_QUIT',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ER_ABORTING_CONNECTION',
  'ER_NEW_ABORTING_CONNECTION',
  'ER_NET_ERROR_ON_WRITE',
  'ER_NET_READ_ERROR',
  'ER_NET_READ_INTERRUPTED',
  'ER_NET_WRITE_INTERRUPTED',
  // Being let in
  'ER_ACCESS_DENIED_ERROR',
  'ER_ACCOUNT_HAS_BEEN_LOCKED',
  'ER_CON_COUNT_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_HANDSHAKE_ERROR',
  'ER_HOST_IS_BLOCKED',
  'ER_HOST_NOT_PRIVILEGED',
  'ER_MUST_CHANGE_PASSWORD',
  'ER_MUST_CHANGE_PASSWORD_LOGIN',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  // What is not there yet: the migrations have not run
  'ER_BAD_DB_ERROR',
  'ER_NO_SUCH_TABLE',
  // Others who are at work on the same rows
  'ER_CHECKREAD',
  'ER_ERROR_DURING_COMMIT',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_TABLE_FULL',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_RUN_HOOK_ERROR',
  'ER_TRANSACTION_ROLLBACK_DURING_COMMIT',
  // A server that is stopped
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'ER_QUERY_INTERRUPTED',
  'ER_QUERY_TIMEOUT',
  'ER_SERVER_ISNT_AVAILABLE',
  'ER_SERVER_OFFLINE_MODE',
  'ER_SERVER_SHUTDOWN',
  'ER_SESSION_WAS_KILLED',
  // No room
  'ER_CANT_CREATE_THREAD',
  'ER_DISK_FULL',
  'ER_ERROR_ON_WRITE',
  'ER_GET_ERRNO', // the storage engine's own trouble
  'ER_OUTOFMEMORY',
  'ER_OUT_OF_RESOURCES',
  'ER_OUT_OF_SORTMEMORY',
  'ER_RECORD_FILE_FULL',
  // Damage
  'ER_CRASHED_ON_USAGE',
  'ER_CRASHED_ON_REPAIR',
  'ER_INDEX_CORRUPT',
  'ER_NOT_KEYFILE',
]);

/**
 * A server that others have taken over from, or that has lost its cluster: a connection to it is of no use, and another
 * server may do.
 */
const ELSEWHERE = new Set([
  1047, // ER_UNKNOWN_COM_ERROR: a Galera node that is not in the majority; also a session that Vitess does not know
  1290, // ER_OPTION_PREVENTS_STATEMENT: --read-only, and in a MySQL group --super-read-only
  1792, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836, // ER_READ_ONLY_MODE
  1874, // ER_INNODB_READ_ONLY
]);

const ELSEWHERE_NAMES = new Set([
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_INNODB_READ_ONLY',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_UNKNOWN_COM_ERROR',
]);

/** Whether the server takes no writes, so that a connection to it is of no use. */
export function refusesWrites(error: unknown): boolean {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  return ELSEWHERE.has(errno as number) || ELSEWHERE_NAMES.has(code as string);
}

/** Whether no answer came in time. */
export const isSilence = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === 'PROTOCOL_SEQUENCE_TIMEOUT';

/** Errors of a cluster after which nothing of the transaction is left, at any statement and at COMMIT. */
const UNDONE = new Set([
  1020, // ER_CHECKREAD, MariaDB 11.6 and later: the row changed since the snapshot
  1180, // ER_ERROR_DURING_COMMIT
  1205, // ER_LOCK_WAIT_TIMEOUT: MariaDB undoes only the statement, so the rest must not be committed
  1213, // ER_LOCK_DEADLOCK; on Galera also where another node wrote the same rows
  3101, // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: the same in a group of MySQL servers
  // https://docs.pingcap.com/tidb/stable/error-codes: "the application can safely retry the whole transaction"
  8002, // a write conflict of a transaction with SELECT FOR UPDATE
  8005, // a write conflict
  8022, // COMMIT failed and was undone
  8028, // the schema changed meanwhile
  9007, // a write conflict in the storage
]);

/** Whether the transaction is to be made again as a whole: the server has undone it, or would have the rest undone. */
export const wasUndone = (error: unknown): boolean =>
  UNDONE.has((error as { errno?: unknown } | null)?.errno as number);

/**
 * Errors of which the driver knows the numbers alone: MariaDB's for a killed connection and for a statement that ran too
 * long, what proxies say when the server behind them is gone, and TiDB's for a part of the cluster that does not answer.
 */
const NUMBERS = new Set([1927, 1969, 2002, 2003, 2006, 2013, 2055, 8027, 9001, 9002, 9003, 9004, 9005]);

const SQLITE =
  /^SQLITE_(?:ABORT|BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB|NOMEM|PERM|PROTOCOL|INTERRUPT)/;

/**
 * Words in the message: of Knex when it has no connection or it was closed, and of SQLite before the migrations have
 * run.
 */
const WORDS = /unable to acquire a connection|timeout acquiring a connection|^aborted$|no such table/i;

const NAMES = new Set(['NotDurable', 'OutsideCluster', 'KnexTimeoutError']);

/** Whether the database is the reason, so that the same may succeed later. */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A host with several addresses, each with an error of its own.
  if (error instanceof AggregateError && error.errors.some(isDatabaseTrouble)) return true;
  const { code, errno, fatal } = error as { code?: unknown; errno?: unknown; fatal?: unknown };
  // The driver marks a connection so that can not be used any more.
  if (fatal === true) return true;
  if (typeof code === 'string' && (TROUBLE.has(code) || SQLITE.test(code) || code.startsWith('HANDSHAKE_')))
    return true;
  if (typeof errno === 'number' && NUMBERS.has(errno)) return true;
  if (refusesWrites(error) || wasUndone(error) || NAMES.has(error.name) || WORDS.test(error.message)) return true;
  return isDatabaseTrouble(error.cause);
}

/** The database will never take this statement, as it is too large for it. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
  readonly code = 'ER_NET_PACKET_TOO_LARGE';
}

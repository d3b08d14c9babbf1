/** Errors of a database that can't be used now, as against a statement that is wrong. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ER_CON_COUNT_ERROR',
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_BAD_DB_ERROR',
  'ER_NO_SUCH_TABLE', // the migrations have not run yet
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_OPTION_PREVENTS_STATEMENT', // read-only, during a failover
  'ER_OUT_OF_RESOURCES',
  'ER_RECORD_FILE_FULL',
  'ER_SERVER_SHUTDOWN',
  'ER_UNKNOWN_COM_ERROR', // a Galera node that has lost its cluster
]);

const SQLITE = /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB)/;

/** Knex's own words when no connection is to be had, or when it was closed. */
const POOL = /unable to acquire a connection|timeout acquiring a connection|^aborted$|no such table/i;

/** Is the database to blame, so that the same may do later? */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && (NETWORK.has(code) || SQLITE.test(code))) return true;
  return error.name === 'NotDurable' || error.name === 'KnexTimeoutError' || POOL.test(error.message);
}

// Knex's dialect for MySQL and MariaDB, with a limit on every wait. Between us and a server that has gone away without a
// word no error ever comes: a query would wait until TCP gives up, which takes a quarter of an hour.
import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import { type Ms, SECOND } from '../../core/time.ts';
import { createLine, type Line, within } from './line.ts';
import type { Server } from './url.ts';

const require = createRequire(import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: Knex publishes no types for its dialect classes
const Base: any = require('knex/lib/dialects/mysql2/index.js');

export type Limits = {
  /** For one statement, the wait for locks included; null for none. */
  query: Ms | null;
  /** For a connection to be had from the pool, and for a new one to be made. */
  connection: Ms;
  /** An idle connection is asked for a sign of life when nothing was heard on it for so long, … */
  trust: Ms;
  /** … and has so long to give it. */
  sign: Ms;
};

export const LIMITS: Limits = { query: 30 * SECOND, connection: 15 * SECOND, trust: 2 * SECOND, sign: 2 * SECOND };

/** The server gives up the wait for a lock before we give up the statement, so that we hear of it. */
const LOCK_WAIT_SECONDS = 20;
/** A connection that went away without a word keeps its locks for no longer. The pool closes idle ones much sooner. */
const IDLE_SECONDS = 120;

type Done = (error: Error | null) => void;
type Connection = {
  query(sql: string, done: Done): void;
  ping(done: Done): void;
  stream: { destroyed: boolean; destroy(): void };
};

/** What Knex is to be given for this server. */
export function mysqlSettings({ tls, ...server }: Server, limits: Limits, pool: Knex.PoolConfig): Knex.Config {
  const { client, prepare, isAlive } = patientClient(limits);
  return {
    client,
    connection: {
      ...{ host: server.host, port: server.port, user: server.user, password: server.password },
      database: server.database,
      charset: 'utf8mb4_bin',
      timezone: 'Z',
      supportBigNumbers: true,
      connectTimeout: Math.min(10 * SECOND, limits.connection),
      enableKeepAlive: true,
      keepAliveInitialDelay: 10 * SECOND,
      ...(tls === null ? {} : { ssl: tls }),
    },
    acquireConnectionTimeout: limits.connection,
    pool: {
      ...{ min: 0, max: 10, createTimeoutMillis: limits.connection, ...pool },
      afterCreate: (c: Connection, done: (error: Error | null, c: Connection) => void) => {
        prepare(c).then(
          () => done(null, c),
          (error: Error) => done(error, c),
        );
      },
      validate: isAlive,
    } as Knex.PoolConfig,
  };
}

/** A dialect of its own for each store, because what one connection learns of the network is true of the others. */
function patientClient(limits: Limits) {
  const line = createLine();
  return {
    client: clientOn(line, limits) as unknown as typeof Knex.Client,
    prepare: (connection: Connection) => prepare(line, limits, connection),
    isAlive: (connection: Connection) => isAlive(line, limits, connection),
  };
}

/** Knex's dialect, in which every wait has its limit. */
function clientOn(line: Line, { query, sign }: Limits) {
  return class extends Base {
    async _query(connection: Connection, statement: unknown): Promise<unknown> {
      try {
        return await line.answered(connection, query, super._query(connection, statement));
      } catch (error) {
        throw withCode(error);
      }
    }

    checkVersion(connection: Connection): Promise<unknown> {
      return line.answered(connection, sign, super.checkVersion(connection));
    }

    /** Ending a connection tells the server so, which is a wait too. */
    async destroyRawConnection(connection: Connection): Promise<void> {
      if (connection.stream.destroyed) return;
      await within(sign, super.destroyRawConnection(connection), () => connection.stream.destroy()).catch(() => {});
    }
  };
}

/** The driver has no code for a statement that finds its connection lost: it is the same as losing it. */
function withCode(error: unknown): unknown {
  const { fatal, code } = error as { fatal?: unknown; code?: unknown };
  return fatal === true && code === undefined ? Object.assign(error as Error, { code: LOST }) : error;
}

const LOST = 'PROTOCOL_CONNECTION_LOST';

/** Sets up a connection that was just made. */
async function prepare(line: Line, { sign }: Limits, connection: Connection): Promise<void> {
  try {
    await line.answered(connection, sign, configure(connection));
  } catch (error) {
    connection.stream.destroy();
    throw error;
  }
}

/** Strict mode, because without it MySQL cuts what does not fit and calls it a success. */
async function configure(connection: Connection): Promise<void> {
  const settings = [
    "sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    `innodb_lock_wait_timeout=${LOCK_WAIT_SECONDS}`,
    `wait_timeout=${IDLE_SECONDS}`,
  ];
  const set = (isolation: string) =>
    `SET ${[...settings, `${isolation}='READ-COMMITTED'`].map((s) => `SESSION ${s}`).join(', ')}`;
  const make = (isolation: string) => promised((done) => connection.query(set(isolation), done));
  // The first name is that of MySQL 8 and MariaDB 11.1, the second one that of MariaDB before it.
  await make('transaction_isolation').catch(() => make('tx_isolation'));
}

/** Whether a connection can be used: an idle one may have been cut off somewhere on its way. */
async function isAlive(line: Line, { trust, sign }: Limits, connection: Connection): Promise<boolean> {
  const quiet = line.quietFor(connection);
  if (quiet < trust) return true;
  if (quiet < Number.POSITIVE_INFINITY && (await answersPing(line, sign, connection))) return true;
  connection.stream.destroy();
  return false;
}

const answersPing = (line: Line, sign: Ms, connection: Connection): Promise<boolean> =>
  line
    .answered(
      connection,
      sign,
      promised((done) => connection.ping(done)),
    )
    .then(
      () => true,
      () => false,
    );

const promised = (ask: (done: Done) => void): Promise<void> =>
  new Promise((resolve, reject) => ask((error) => (error ? reject(error) : resolve())));

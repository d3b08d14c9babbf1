// Knex's dialect for MySQL and MariaDB, with a limit on every wait. When a server disappears from the network no error
// comes: without a limit a query waits until TCP gives up, after a quarter of an hour.
import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import { type Ms, SECOND } from '../../core/time.ts';
import { createLine, type Line, within } from './line.ts';
import {
  checkedSize,
  type Executing,
  executed,
  LARGE,
  notePacketLimit,
  PACKET_LIMIT,
  type Statement,
} from './packet.ts';
import { refusesWrites } from './trouble.ts';

import type { Server } from './url.ts';

const require = createRequire(import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: Knex publishes no types for its dialect classes
const Base: any = require('knex/lib/dialects/mysql2/index.js');

export type Limits = {
  /** For one statement, the wait for locks included; null for none. */
  query: Ms | null;
  /** For a connection to be had from the pool, and for a new one to be made. */
  connection: Ms;
  /** A connection that was silent for so long is pinged before it is used. */
  trust: Ms;
  /** How long the answer to such a ping may take. */
  sign: Ms;
};

export const LIMITS: Limits = { query: 30 * SECOND, connection: 15 * SECOND, trust: 2 * SECOND, sign: 2 * SECOND };

/** Shorter than our limit for a statement, so that the server tells us that it gave up waiting for the lock. */
const LOCK_WAIT_SECONDS = 20;
/**
 * The server closes a connection that was silent for so long, and frees its locks. The pool closes idle ones much
 * sooner.
 */
const IDLE_SECONDS = 120;

type Done = (error: Error | null) => void;
type Connection = Executing & {
  query(sql: string, done: (error: Error | null, rows: Record<string, unknown>[]) => void): void;
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

/**
 * Each store has a dialect of its own, because what one connection learns about the network is true of the others of
 * this store alone.
 */
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
    async _query(connection: Connection, statement: Statement): Promise<unknown> {
      try {
        const isLarge = checkedSize(connection, statement) >= LARGE;
        const answer = isLarge ? executed(connection, statement) : super._query(connection, statement);
        return await line.answered(connection, query, answer);
      } catch (error) {
        const told = withCode(error);
        // After a failover the old server still answers, and takes no writes: the next connection finds the new one. Where
        // COMMIT failed the transaction may be open still, and the next one on this connection would commit it.
        if (refusesWrites(told) || isCommit(statement)) connection.stream.destroy();
        throw told;
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

const isCommit = ({ sql }: Statement): boolean => /^commit;?$/i.test(sql);

/** A statement on a lost connection fails without a code: it gets the code of a lost connection. */
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

/** Strict mode is needed because MySQL otherwise cuts values that do not fit, and reports success. */
async function configure(connection: Connection): Promise<void> {
  const settings = [
    "sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    `innodb_lock_wait_timeout=${LOCK_WAIT_SECONDS}`,
    `wait_timeout=${IDLE_SECONDS}`,
  ];
  const set = (isolation: string) =>
    `SET ${[...settings, `${isolation}='READ-COMMITTED'`].map((s) => `SESSION ${s}`).join(', ')}`;
  const make = (isolation: string) => promised((done) => connection.query(set(isolation), done));
  // MySQL 8 and MariaDB 11.1 know the first name, older versions of MariaDB the second.
  await make('transaction_isolation').catch(() => make('tx_isolation'));
  await promised((done) =>
    connection.query(PACKET_LIMIT, (error, rows) => {
      notePacketLimit(connection, rows);
      done(error);
    }),
  );
}

/**
 * Whether a connection of the pool can be used: an idle one may have been cut off on its way without our hearing of it.
 */
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

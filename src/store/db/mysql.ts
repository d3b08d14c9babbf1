// Knex's dialect for MySQL and MariaDB, with a limit on every wait. When a server disappears from the network no error
// comes: without a limit a query waits until TCP gives up, after a quarter of an hour.
import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import { type Ms, SECOND } from '../../core/time.ts';
import { isSynced, VARIABLES, valuesOf } from './cluster.ts';
import { createLine, type Line, ticks, within } from './line.ts';
import { createNodes, type Nodes } from './nodes.ts';
import { checkedSize, type Executing, executed, LARGE, notePacketLimit, type Statement } from './packet.ts';
import { isSilence, OutsideCluster, refusesWrites } from './trouble.ts';
import { placeOf, type Server } from './url.ts';

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
const lockWaitSeconds = (several: boolean): number => (several ? 10 : 20);
/**
 * The server closes a connection that was silent for so long, and frees its locks. The pool closes idle ones much
 * sooner.
 */
const IDLE_SECONDS = 120;

/** What is known of the server behind a connection. */
type NodeState = { server: Server; line: Line; isCluster: boolean; isFull: boolean; lookedAt: number };

type Done = (error: Error | null) => void;
type Connection = Executing & {
  query(sql: string, done: (error: Error | null, rows: Record<string, unknown>[]) => void): void;
  ping(done: Done): void;
  stream: { destroyed: boolean; destroy(): void };
};

export type Servers = { all: readonly Server[]; moved(to: Server): void };

/** What Knex is to be given for these servers, and which of them is asked. */
export function mysqlSettings(
  { all, moved }: Servers,
  given: Limits,
  pool: Knex.PoolConfig,
): { settings: Knex.Config; nodes: Nodes } {
  const limits = all.length > 1 ? { ...given, query: given.query && Math.min(given.query, CHANGE_AFTER) } : given;
  const nodes = createNodes(all, moved);
  const lines = new Map(all.map((server) => [server, createLine()]));
  const asked: Asked = { nodes, lines, limits, several: all.length > 1, isCluster: null, states: new WeakMap() };
  const each = new Map(all.map((server) => [server, connectionTo(server, limits.connection / all.length)]));
  const settings = {
    client: clientOn(asked, (server) => each.get(server) ?? {}) as unknown as typeof Knex.Client,
    // Each connection has those of its server.
    connection: all[0] ? (each.get(all[0]) ?? {}) : {},
    acquireConnectionTimeout: limits.connection,
    pool: {
      ...{ min: 0, max: 10, createTimeoutMillis: limits.connection, ...pool },
      validate: (connection: Connection) => isAlive(asked, connection),
    } as Knex.PoolConfig,
  };
  return { settings, nodes };
}

/** Where there are several servers a statement waits no longer for one of them, so that another is asked in time. */
export const CHANGE_AFTER = 15 * SECOND;

/** There is time to try them all before whoever wants a connection gives up. */
function connectionTo(
  { tls, host, port, user, password, database }: Server,
  patience: Ms,
): Knex.MySql2ConnectionConfig {
  return {
    ...{ host, port, user, password, database },
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    supportBigNumbers: true,
    connectTimeout: Math.min(10 * SECOND, patience),
    enableKeepAlive: true,
    keepAliveInitialDelay: 10 * SECOND,
    ...(tls === null ? {} : { ssl: tls }),
  } as Knex.MySql2ConnectionConfig;
}

/**
 * Each store has its own, because what one connection learns about the network is true of the others of this store alone,
 * and of those to the same server.
 */
type Asked = {
  nodes: Nodes;
  lines: ReadonlyMap<Server, Line>;
  limits: Limits;
  several: boolean;
  /** Whether any of the servers was a node of a cluster; null before one was asked. */
  isCluster: boolean | null;
  states: WeakMap<Connection, NodeState>;
};

/** Knex's dialect, in which every wait has its limit. */
function clientOn(asked: Asked, settingsOf: (server: Server) => object) {
  const { nodes, limits } = asked;
  const { query, sign } = limits;
  return class extends Base {
    async acquireRawConnection(): Promise<Connection> {
      // Where it is not known yet whether they are a cluster, each of them is asked.
      const areSingle = asked.isCluster === false;
      const reached: Connection = await nodes.connected(async (server) => {
        // Read by Knex before it waits for anything.
        this.connectionSettings = settingsOf(server);
        const connection: Connection = await super.acquireRawConnection();
        const state = await prepare(asked, server, connection);
        const isFull = state.isFull || (areSingle && !state.isCluster);
        return { connection, isFull, close: () => connection.stream.destroy() };
      });
      asked.isCluster ??= false;
      // One of those that were asked after it may have been of a cluster.
      const { server, isCluster } = stateOf(asked, reached);
      if (!isCluster && asked.isCluster) {
        reached.stream.destroy();
        throw new OutsideCluster(placeOf(server));
      }
      return reached;
    }

    async _query(connection: Connection, statement: Statement): Promise<unknown> {
      const { server, line } = stateOf(asked, connection);
      try {
        const isLarge = checkedSize(connection, statement) >= LARGE;
        const answer = isLarge ? executed(connection, statement) : super._query(connection, statement);
        return await line.answered(connection, query, answer);
      } catch (error) {
        const told = withCode(error);
        // After a failover the old server still answers, and takes no writes: the next connection finds the new one. Where
        // COMMIT failed the transaction may be open still, and the next one on this connection would commit it.
        if (refusesWrites(told) || isCommit(statement)) connection.stream.destroy();
        if (refusesWrites(told) || isSilence(told)) nodes.leave(server);
        throw told;
      }
    }

    checkVersion(connection: Connection): Promise<unknown> {
      return within(sign, super.checkVersion(connection), () => connection.stream.destroy());
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

/** Sets up a connection that was just made, and asks how its server is. */
async function prepare(asked: Asked, server: Server, connection: Connection): Promise<NodeState> {
  const { lines, limits, several, states } = asked;
  const line = lines.get(server) ?? createLine();
  const asks = async () => {
    const isCluster = await configure(connection, several);
    if (several && isCluster) asked.isCluster = true;
    if (!isCluster && asked.isCluster) throw new OutsideCluster(placeOf(server));
    const isFull = !several || (isCluster && (await isSynced(asking(connection))));
    return { server, line, isCluster, isFull, lookedAt: ticks() };
  };
  try {
    const state = await line.answered(connection, limits.sign, asks());
    states.set(connection, state);
    return state;
  } catch (error) {
    connection.stream.destroy();
    throw error;
  }
}

function stateOf({ states }: Asked, connection: Connection): NodeState {
  const state = states.get(connection);
  if (state === undefined) throw new Error('a connection to the database is used before it is prepared');
  return state;
}

/**
 * Strict mode is needed because MySQL otherwise cuts values that do not fit, and reports success. Says whether it is a node
 * of a Galera cluster: there each statement waits until the node has what was committed on any of them.
 */
async function configure(connection: Connection, several: boolean): Promise<boolean> {
  const ask = asking(connection);
  const settings = [
    "sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    `innodb_lock_wait_timeout=${lockWaitSeconds(several)}`,
    `wait_timeout=${IDLE_SECONDS}`,
  ];
  const set = (isolation: string) =>
    `SET ${[...settings, `${isolation}='READ-COMMITTED'`].map((s) => `SESSION ${s}`).join(', ')}`;
  // MySQL 8 and MariaDB 11.1 know the first name, older versions of MariaDB the second.
  await ask(set('transaction_isolation')).catch(() => ask(set('tx_isolation')));
  const variables = valuesOf(await ask(VARIABLES));
  notePacketLimit(connection, variables.get('max_allowed_packet'));
  const isCluster = variables.get('wsrep_on') === 'ON';
  if (isCluster) await ask('SET SESSION wsrep_sync_wait = 7');
  return isCluster;
}

const asking =
  (connection: Connection) =>
  (sql: string): Promise<Record<string, unknown>[]> =>
    new Promise((resolve, reject) => connection.query(sql, (error, rows) => (error ? reject(error) : resolve(rows))));

/**
 * Whether a connection of the pool can be used: an idle one may have been cut off on its way without our hearing of it, and
 * a node may have left its cluster, or stand still for a backup.
 */
async function isAlive(asked: Asked, connection: Connection): Promise<boolean> {
  // We have cut it ourselves, or the server has, which says nothing of the server by now.
  if (connection.stream.destroyed) return false;
  const { limits, nodes } = asked;
  const state = stateOf(asked, connection);
  const { server, line } = state;
  const quiet = line.quietFor(connection);
  const isHeard = quiet < limits.trust;
  const answers = isHeard || (quiet < Number.POSITIVE_INFINITY && (await answersPing(line, limits.sign, connection)));
  if (answers && (await isStillFull(asked, state, connection))) return true;
  nodes.leave(server);
  connection.stream.destroy();
  return false;
}

/** Asked now and then, and only where there is another server to go to. */
async function isStillFull(asked: Asked, state: NodeState, connection: Connection): Promise<boolean> {
  const { limits, several } = asked;
  if (!state.isCluster) return !asked.isCluster;
  if (!several || !state.isFull) return true;
  if (ticks() - state.lookedAt < limits.trust) return true;
  state.lookedAt = ticks();
  return state.line.answered(connection, limits.sign, isSynced(asking(connection))).catch(() => false);
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

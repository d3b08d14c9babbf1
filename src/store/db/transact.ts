import { randomInt } from 'node:crypto';
import type { Knex } from 'knex';
import { sleep, stopwatch } from '../../base/wait.ts';
import { SECOND } from '../../core/time.ts';
import type { Turn } from '../../core/turn.ts';
import type { Store } from './open.ts';
import { refusesWrites, wasUndone } from './trouble.ts';

/** Errors after which the whole change is made again: it was rolled back, or nobody knows whether it was. */
const AGAIN = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CHECKREAD',
  'ER_ERROR_DURING_COMMIT',
  'ER_TRANSACTION_ROLLBACK_DURING_COMMIT',
  'PROTOCOL_CONNECTION_LOST', // also when the reply to COMMIT got lost
  'ECONNRESET',
  'EPIPE',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
  'SQLITE_BUSY_RECOVERY',
  'SQLITE_LOCKED',
]);
/**
 * So long a change waits for others, or for the database to come back: whoever waits for the answer to a request should
 * hear that it takes too long, and jobs come again. A slow machine has some tries all the same.
 */
const PATIENCE = 5 * SECOND;
const TRIES = 5;

/**
 * Runs a change in one transaction, and again when the database asks for that or the connection was lost. So a change
 * must have the same result when it is made twice: it chooses the keys of its rows beforehand and leaves rows alone
 * that are there.
 */
export const transact = <T>(store: Store, change: (tx: Knex.Transaction) => Promise<T>): Promise<T> =>
  again(() => once(store, change));

/**
 * On a broken connection Knex throws that it could not roll back. The error that broke the change is thrown in its
 * place.
 */
async function once<T>(store: Store, change: (tx: Knex.Transaction) => Promise<T>): Promise<T> {
  let cause: { error: unknown } | null = null;
  let turns: Turn[] = [];
  const noticed = async (tx: Knex.Transaction): Promise<T> => {
    try {
      const answer = await change(tx);
      turns = TURNS.get(tx) ?? [];
      return answer;
    } catch (error) {
      cause = { error };
      throw error;
    }
  };
  try {
    const answer = await store.db.transaction(noticed);
    if (turns.length > 0) store.heard?.(turns);
    return answer;
  } catch (error) {
    throw (cause as { error: unknown } | null)?.error ?? error;
  }
}

/** What each transaction has changed so far. */
const TURNS = new WeakMap<Knex.Transaction, Turn[]>();

/** Has it told when the transaction is committed; not when it is undone, nor twice when it is made again. */
export function tellAfter(tx: Knex.Transaction, turns: readonly Turn[]): void {
  const known = TURNS.get(tx);
  if (known) known.push(...turns);
  else TURNS.set(tx, [...turns]);
}

/**
 * The same for a change that answers whether it did something. If a try was committed and its reply got lost, the next
 * try finds nothing to do; then `isDone` tells so, and the answer is that it did.
 */
export async function transactOnce<T>(
  store: Store,
  isDone: (tx: Knex.Transaction) => PromiseLike<unknown>,
  change: (tx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  let before: { answer: T } | null = null;
  return transact(store, async (tx) => {
    if (before && (await isDone(tx)) !== undefined) return before.answer;
    const answer = await change(tx);
    before = { answer };
    return answer;
  });
}

/** The same for a change of a single statement. It needs no transaction around it, which saves two round trips. */
export const inOneStatement = <T>(store: Store, change: (tx: Knex) => PromiseLike<T>): Promise<T> =>
  again(async () => change(store.db));

/** Makes it again when the database asks for that or the connection was lost. */
export async function again<T>(change: () => Promise<T>): Promise<T> {
  const spent = stopwatch();
  for (let n = 1; ; n++) {
    try {
      return await change();
    } catch (error) {
      if ((n >= TRIES && spent() >= PATIENCE) || !wantsAgain(error)) throw error;
      await sleep(randomInt(5, 5 + Math.min(20 * n, 400)));
    }
  }
}

function wantsAgain(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return refusesWrites(error) || wasUndone(error) || (typeof code === 'string' && AGAIN.has(code));
}

/** Splits a list for statements with a bounded number of rows. */
export function chunks<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < list.length; i += size) parts.push(list.slice(i, i + size));
  return parts;
}

// A server takes a statement whole or not at all: at most `max_allowed_packet` bytes, which may be no more than 1 MB.
import { sizeOf } from './size.ts';
import { TooLarge } from './trouble.ts';

export type Statement = { sql: string; bindings?: unknown[]; response?: unknown };

export type Executing = {
  execute(sql: string, values: unknown[], done: (error: Error | null, ...response: unknown[]) => void): void;
};

/**
 * In the text of a statement a quote takes two bytes, and so does each byte of a blob. From this size on the values go
 * beside the statement, where they take no more room than they have.
 */
export const LARGE = 100_000;

/** Runs a statement with its values beside it. */
export function executed(connection: Executing, statement: Statement): Promise<Statement> {
  const values = (statement.bindings ?? []).map((value) => value ?? null);
  return new Promise((resolve, reject) => {
    connection.execute(statement.sql, values, (error, ...response) => {
      if (error) return reject(error);
      statement.response = response;
      resolve(statement);
    });
  });
}

const limits = new WeakMap<object, number>();

/** Remembers what a server said of its limit. */
export function notePacketLimit(connection: object, told: string | undefined): void {
  const most = Number(told);
  if (most > 0) limits.set(connection, most);
}

/**
 * The size of a statement's values. Throws `TooLarge` for one that the server can not take: it would hang up in the middle
 * of it, and that looks like a server that is away, where the same may succeed later.
 */
export function checkedSize(connection: object, { sql, bindings = [] }: Statement): number {
  const size = bindings.reduce<number>((sum, value) => sum + sizeOf(value), 0);
  const whole = sql.length + size + 16 * bindings.length;
  const limit = limits.get(connection) ?? Number.POSITIVE_INFINITY;
  if (size >= LARGE && whole > limit)
    throw new TooLarge(`a statement of ${whole} bytes is more than the server's max_allowed_packet (${limit})`);
  return size;
}

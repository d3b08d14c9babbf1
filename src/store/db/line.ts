import { within as inTime } from '../../base/wait.ts';
import { type Ms, SECOND } from '../../core/time.ts';

type Connection = { stream: { destroy(): void } };

/** The connections to one server, and when it was last heard of on each. */
export type Line = {
  /**
   * Waits for an answer on a connection, for no longer than the limit. If none comes the connection is cut. The other
   * connections may be dead as well, so those that were last heard of before are no longer trusted.
   */
  answered<T>(connection: Connection, limit: Ms | null, answer: Promise<T>): Promise<T>;
  /** How long ago the server was heard of on this connection. Infinite when another connection got no answer since. */
  quietFor(connection: Connection): Ms;
};

/** A clock that never goes back. */
export const ticks = (): Ms => performance.now();

export function createLine(): Line {
  const heardAt = new WeakMap<Connection, Ms>();
  let silentSince: Ms = Number.NEGATIVE_INFINITY;
  return {
    async answered(connection, limit, answer) {
      const giveUp = () => {
        silentSince = ticks();
        connection.stream.destroy();
      };
      const given = limit === null ? await answer : await within(limit, answer, giveUp);
      heardAt.set(connection, ticks());
      return given;
    },
    quietFor(connection) {
      const last = heardAt.get(connection) ?? 0;
      return last >= silentSince ? ticks() - last : Number.POSITIVE_INFINITY;
    },
  };
}

const LATE = Symbol('late');

/** Waits for no longer than the limit, even if `giveUp` does not end the work. */
export async function within<T>(limit: Ms, work: Promise<T>, giveUp: () => void): Promise<T> {
  const given = await inTime(work, limit, LATE);
  if (given !== LATE) return given;
  giveUp();
  throw new NoAnswer(`the database did not answer within ${limit / SECOND} s`);
}

/** The database did not answer in time, and nobody knows whether it did what it was asked. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly code = 'PROTOCOL_SEQUENCE_TIMEOUT';
}

// The servers of one database, of which any may be asked: which of them is asked now, and which of them can be.
import type { Server } from './url.ts';

export type Nodes = {
  /** Connects to the first that works, beginning with the one that is asked now. */
  connected<C>(connect: (server: Server) => Promise<Reached<C>>): Promise<C>;
  /** Whoever connects next asks another one first. */
  leave(server: Server): void;
  /** The one that is asked now; null before any was reached. */
  now(): Server | null;
};

/** A connection; `isFull` when its server is as good as any, and not only better than none. */
export type Reached<C> = { connection: C; isFull: boolean; close(): void };

/** `moved` hears of each change from one server to another. */
export function createNodes(servers: readonly Server[], moved: (to: Server) => void): Nodes {
  let first = 0;
  let known: Server | null = null;
  const take = (server: Server) => {
    const before = known;
    first = servers.indexOf(server);
    known = server;
    if (before !== null && before !== server) moved(server);
  };
  return {
    async connected(connect) {
      let spare: (Reached<Awaited<ReturnType<typeof connect>>['connection']> & { server: Server }) | null = null;
      let problem: unknown = null;
      for (const server of [...servers.slice(first), ...servers.slice(0, first)]) {
        const reached = await connect(server).catch((error: unknown) => {
          problem ??= error;
          return null;
        });
        if (reached === null) continue;
        if (reached.isFull) {
          spare?.close();
          take(server);
          return reached.connection;
        }
        if (spare === null) spare = { ...reached, server };
        else reached.close();
      }
      if (spare === null) throw problem;
      take(spare.server);
      return spare.connection;
    },
    leave(server) {
      if (servers[first] === server) first = (first + 1) % servers.length;
    },
    now: () => known,
  };
}

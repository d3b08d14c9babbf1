import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type LossyProxy = {
  port: number;
  /** The next COMMIT reaches the server, and its connection breaks before the reply comes back. */
  loseNextCommit(): void;
  /** The same with the next statement of this form, which is its own transaction. */
  loseNext(statement: RegExp): void;
  /** How many replies were lost. */
  lost(): number;
  close(): Promise<void>;
};

/** Stands between a client and a MySQL server, and loses replies to COMMIT on demand. */
export async function startLossyProxy(target: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  const state: State = { loses: null, lost: 0 };
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    join(client, upstream, state);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}); // A broken connection is what this is for.
      socket.on('close', () => sockets.delete(socket));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    loseNextCommit: () => {
      state.loses = /^commit;?$/i;
    },
    loseNext: (statement) => {
      state.loses = statement;
    },
    lost: () => state.lost,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

type State = { loses: RegExp | null; lost: number };

function join(client: Socket, upstream: Socket, state: State): void {
  let cutting = false;
  client.on('data', (data) => {
    // A packet: three bytes of length, a number, then 3 for a query and its text.
    if (data[4] === 3 && state.loses?.test(data.subarray(5).toString())) {
      state.loses = null;
      cutting = true;
    }
    upstream.write(data);
  });
  upstream.on('data', (data) => {
    if (!cutting) return void client.write(data);
    state.lost++;
    client.destroy();
    upstream.destroy();
  });
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
}

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Switch = {
  port: number;
  /** Connections that were begun, cut ones included. */
  connections(): number;
  /** From now on every connection breaks at once. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
};

/** A line to a server on loopback that can be cut and mended, whatever becomes of the port meanwhile. */
export async function startSwitch(target: number): Promise<Switch> {
  const sockets = new Set<Socket>();
  const state = { cut: false, connections: 0 };
  const server = createServer((client) => {
    state.connections++;
    if (state.cut) return void client.destroy();
    const upstream = connect(target, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}); // A broken connection is what this is for.
      socket.on('close', () => [client, upstream].map((other) => other.destroy() && sockets.delete(other)));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the switch has no port');
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    connections: () => state.connections,
    cut: () => {
      state.cut = true;
      breakAll();
    },
    mend: () => {
      state.cut = false;
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}

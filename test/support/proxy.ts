import { connect, createServer, type Socket } from 'node:net';
import { type Listening, listenOnLoopback } from '../../src/lab/sim/listen.ts';

/** Stands between clients and a server; `join` says what becomes of the bytes. */
export function startProxy(target: number, join: (client: Socket, upstream: Socket) => void): Promise<Listening> {
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    upstream.on('error', () => {}); // A broken connection is what this is for.
    client.on('close', () => upstream.destroy());
    join(client, upstream);
  });
  return listenOnLoopback(server, 0);
}

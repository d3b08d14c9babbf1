import type { AddressInfo, Server, Socket } from 'node:net';

export type Listening = {
  port: number;
  /** Sockets open now. */
  sockets: ReadonlySet<Socket>;
  /** Ends the listener and every connection; nothing is left open afterwards. */
  close: () => Promise<void>;
};

/** Listens on loopback; port 0 picks a free one. */
export async function listenOnLoopback(server: Server, port: number): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A peer that resets is part of the play; without a listener it would end the process.
    socket.on('error', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  return { port: address.port, sockets, close: () => closeAll(server, sockets) };
}

function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

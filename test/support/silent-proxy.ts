import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type SilentProxy = {
  port: number;
  /** From now on not a byte gets through, in either direction, and no connection is closed: a firewall that drops. */
  silence(): void;
  /** New connections get through again. Those from before stay silent, as after a restart of the firewall. */
  restore(): void;
  /** How many connections were made so far. */
  made(): number;
  close(): Promise<void>;
};

/** Stands between a client and a server, and lets their connections die without a word. */
export async function startSilentProxy(target: number): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  let isSilent = false;
  let made = 0;
  const server = createServer((client) => {
    made++;
    const upstream = connect(target, '127.0.0.1');
    const pair = { cut: isSilent };
    pairs.add(pair);
    client.on('data', (data) => pair.cut || upstream.write(data));
    upstream.on('data', (data) => pair.cut || client.write(data));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => pair.cut || client.destroy());
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}); // A broken connection is what this is for.
      socket.on('close', () => sockets.delete(socket));
    }
  }).listen(0, '127.0.0.1');
  const pairs = new Set<{ cut: boolean }>();
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    silence() {
      isSilent = true;
      for (const pair of pairs) pair.cut = true;
    },
    restore() {
      isSilent = false;
    },
    made: () => made,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

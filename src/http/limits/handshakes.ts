import type { Socket } from 'node:net';
import { networkOf } from './connections.ts';
import type { Limits } from './limits.ts';

/**
 * Connections whose TLS handshake is not over. They cost little and say nothing yet, so that there may be as many of them
 * as of others, in all and of one address. A newcomer takes the place of the oldest.
 */
export type Handshakes = {
  add(socket: Socket): void;
  /** Called with the secured connection, which has the ends of the plain one. */
  over(socket: Socket): void;
  /** Hangs up on all of them: none has asked for anything. */
  cut(): void;
};

type Handshake = { name: string; socket: Socket; address: string };

export function createHandshakes(limits: Pick<Limits, 'connections' | 'connectionsOfOne'>): Handshakes {
  const all = new Map<string, Handshake>();

  function makeRoom(address: string): void {
    const same = [...all.values()].filter((one) => one.address === address);
    if (same.length >= limits.connectionsOfOne) hangUp(same[0]);
    else if (all.size >= limits.connections) hangUp(all.values().next().value);
  }

  function hangUp(handshake: Handshake | undefined): void {
    if (!handshake) return;
    all.delete(handshake.name);
    handshake.socket.destroy();
  }

  return {
    add(socket) {
      const address = networkOf(socket.remoteAddress ?? '');
      makeRoom(address);
      const name = endOf(socket);
      const handshake = { name, socket, address };
      all.set(name, handshake);
      socket.once('close', () => all.get(name) === handshake && all.delete(name));
    },
    over: (socket) => void all.delete(endOf(socket)),
    cut() {
      for (const handshake of all.values()) hangUp(handshake);
    },
  };
}

const endOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

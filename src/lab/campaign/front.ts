import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback } from '../sim/listen.ts';

/** One address in front of daemons that come and go on ports of their own, as a load balancer is. */
export type Front = { url: string; add(port: number): void; remove(port: number): void; close(): Promise<void> };

/** Gives each connection to the next daemon; one that is gone or dies half way looks like just that to the caller. */
export async function startFront(): Promise<Front> {
  const ports: number[] = [];
  let turn = 0;
  const server = createServer((caller) => {
    const port = ports[turn++ % Math.max(1, ports.length)];
    if (port === undefined) return void caller.destroy();
    join(caller, connect(port, '127.0.0.1'));
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    add: (daemon) => void ports.push(daemon),
    remove: (daemon) => {
      const at = ports.indexOf(daemon);
      if (at >= 0) ports.splice(at, 1);
    },
    close,
  };
}

function join(caller: Socket, daemon: Socket): void {
  for (const [one, other] of [
    [caller, daemon],
    [daemon, caller],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
    one.pipe(other);
  }
}

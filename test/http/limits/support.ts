import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { LIMITS, type Limits } from '../../../src/http/limits/limits.ts';
import { listen } from '../../../src/http/server.ts';
import { clockAt } from '../../support/clock.ts';

/** A server without an application: the test says how each request is answered. */
export async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  limits: Partial<Limits> = {},
) {
  const clock = clockAt();
  let inWork = 0;
  const seen = { most: 0, begun: 0 };
  const app = {
    callback: () => (request: IncomingMessage, response: ServerResponse) => {
      inWork++;
      seen.begun++;
      seen.most = Math.max(seen.most, inWork);
      response.on('close', () => inWork--);
      answer(request, response);
    },
  };
  let looks = 0;
  const monotonic = () => {
    looks++;
    return clock();
  };
  const place = { host: '127.0.0.1', port: 0, limits: { ...LIMITS, look: 5, ...limits }, monotonic };
  const server = await listen(app, place);
  t.after(() => server.close(0));
  /** Resolves when it has been looked who is too slow, with what has come in by now. */
  async function looked(): Promise<void> {
    for (const before = looks; looks < before + 2; ) await new Promise(setImmediate);
  }
  return { port: server.port, clock, seen, looked };
}

/** A connection, and what is heard on it. */
export async function call(t: TestContext, port: number) {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  let heard = '';
  socket.on('data', (part) => {
    heard += part.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return { socket, heard: () => heard, closed };
}

export const until = async (socket: Socket, isTrue: () => boolean): Promise<void> => {
  while (!isTrue() && !socket.destroyed) await new Promise(setImmediate);
};

export const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;

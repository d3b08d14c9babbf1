import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { sleep } from '../base/wait.ts';
import { type Ms, SECOND } from '../core/time.ts';

export type Limits = { headersTimeout: Ms; requestTimeout: Ms; connectionsCheckingInterval: Ms };

/** Shorter than Node's own (60 s, 300 s and 30 s), with which a thousand slow senders could block everybody. */
const LIMITS: Limits = {
  headersTimeout: 10 * SECOND,
  requestTimeout: 30 * SECOND,
  connectionsCheckingInterval: 2 * SECOND,
};

/**
 * Longer than the 60 s of common proxies, so that they close an idle connection first and never send into a closed one.
 */
const KEEP_ALIVE: Ms = 65 * SECOND;

export type Listening = {
  port: number;
  /** Takes no new connection, lets requests in flight finish for `grace` ms, and ends every connection. */
  close(grace: Ms): Promise<void>;
};

export async function listen(
  app: { callback(): RequestListener },
  host: string,
  port: number,
  limits: Limits = LIMITS,
): Promise<Listening> {
  const serve = app.callback();
  const inFlight = new Set<ServerResponse>();
  let closing = false;
  const server = createServer({ ...limits, keepAliveTimeout: KEEP_ALIVE }, (request, response) => {
    inFlight.add(response);
    response.on('close', () => inFlight.delete(response));
    if (closing) response.shouldKeepAlive = false;
    serve(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');

  async function close(grace: Ms): Promise<void> {
    closing = true;
    const finished = new AbortController();
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        finished.abort();
        resolve();
      });
    });
    for (const response of inFlight) response.shouldKeepAlive = false;
    await sleep(grace, finished.signal);
    server.closeAllConnections();
    await closed;
  }
  return { port: address.port, close };
}

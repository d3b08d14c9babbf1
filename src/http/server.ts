import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { sleep } from '../base/wait.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import { type Certificate, changeOf, readCertificate } from './certificate.ts';
import { createConnections } from './limits/connections.ts';
import { createHandshakes } from './limits/handshakes.ts';
import { LIMITS, type Limits, LONGEST_REQUEST } from './limits/limits.ts';

export type Listening = {
  port: number;
  /** Takes no new connection, lets requests in flight finish for `grace` ms, and ends every connection. */
  close(grace: Ms): Promise<void>;
};

/** Connections that may come in one turn of the loop; the system may allow fewer. Those beyond it try again in a second. */
const BACKLOG = 4096;

export type Place = {
  host: string;
  port: number;
  limits?: Limits;
  /** Never goes back. */
  monotonic: Clock;
  /** With which HTTPS is served in place of HTTP. */
  certificate?: Certificate | null;
  /** Told when a renewed certificate can't be used; the one before stays. */
  onBadCertificate?(error: unknown): void;
  /** How often it is looked whether it was renewed. */
  renewal?: Ms;
};

export async function listen(app: { callback(): RequestListener }, place: Place): Promise<Listening> {
  const { host, port, limits = LIMITS, monotonic, certificate = null } = place;
  const serve = app.callback();
  const connections = createConnections(limits, monotonic);
  const inFlight = new Set<ServerResponse>();
  let closing = false;
  const server = serverOf(certificate, limits, (request, response) => {
    connections.begun(request, response);
    inFlight.add(response);
    response.on('close', () => inFlight.delete(response));
    if (closing) response.shouldKeepAlive = false;
    serve(request, response);
  });
  const handshakes = createHandshakes(limits);
  if (certificate) server.on('connection', handshakes.add).on('secureConnection', handshakes.over);
  server.on(certificate ? 'secureConnection' : 'connection', connections.add);
  await new Promise<void>((resolve, reject) => {
    // A host that is no name of this machine fails as a lookup, which could be that of any other.
    server.once('error', (error) => reject(Object.assign(error, { syscall: 'listen' })));
    server.listen({ port, host, backlog: BACKLOG }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  const closed = new AbortController();
  void lookAgainAndAgain(connections.look, limits.look, closed.signal);
  if (certificate) void renewAgainAndAgain(server as SecureServer, certificate, place, closed.signal);

  async function close(grace: Ms): Promise<void> {
    closing = true;
    const ended = new Promise<void>((resolve) => {
      server.close(() => {
        closed.abort();
        resolve();
      });
    });
    handshakes.cut();
    for (const response of inFlight) response.shouldKeepAlive = false;
    await sleep(grace, closed.signal);
    server.closeAllConnections();
    await ended;
  }
  return { port: address.port, close };
}

function serverOf(certificate: Certificate | null, limits: Limits, listener: RequestListener): Server | SecureServer {
  if (certificate === null) return createServer(timesOf(limits), listener);
  // Before its handshake is over, a connection says nothing; it has as long for it as for a header.
  const options = { ...timesOf(limits), ...readCertificate(certificate), handshakeTimeout: limits.header };
  return createSecureServer(options, listener);
}

/** How often it is looked whether a certificate was renewed. */
const RENEWAL: Ms = MINUTE;

async function renewAgainAndAgain(
  server: SecureServer,
  certificate: Certificate,
  { onBadCertificate, renewal = RENEWAL }: Place,
  closed: AbortSignal,
): Promise<void> {
  // Read once more at the first look: it may have changed since it was read.
  let known: string | null = null;
  while (!closed.aborted) {
    await sleep(renewal, closed);
    try {
      const change = changeOf(certificate);
      if (change === null || change === known) continue;
      known = change;
      server.setSecureContext(readCertificate(certificate));
    } catch (error) {
      onBadCertificate?.(error);
    }
  }
}

/** The times that Node sees to itself. */
const timesOf = ({ header, idle }: Limits) => ({
  headersTimeout: header,
  requestTimeout: LONGEST_REQUEST,
  connectionsCheckingInterval: Math.min(2 * SECOND, header / 4),
  keepAliveTimeout: idle,
});

async function lookAgainAndAgain(look: () => void, pause: Ms, closed: AbortSignal): Promise<void> {
  while (!closed.aborted) {
    await sleep(pause, closed);
    look();
  }
}

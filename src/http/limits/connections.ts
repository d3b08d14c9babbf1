import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, type Ms, SECOND } from '../../core/time.ts';
import { type Feed, feedInTurn } from './feed.ts';
import type { Limits } from './limits.ts';
import { createPace, type Pace, tellOfNewcomer } from './pace.ts';

/**
 * All connections. Each has one request in work at most. When there are too many, the one that has kept us waiting for
 * longest makes room, if it can be one that has never brought anything that was taken. Who sends or reads too slowly is
 * hung up on.
 */
export type Connections = {
  add(socket: Socket): void;
  begun(request: IncomingMessage, response: ServerResponse): void;
  /** Hangs up on those that are too slow. */
  look(): void;
  count(): number;
};

type Connection = {
  socket: Socket;
  feed: Feed;
  address: string;
  /** When something changed last: it was opened, a request began, an answer left. */
  since: Ms;
  request: IncomingMessage | null;
  /** It has brought something that was taken, for which a signature or a token is needed. */
  isProved: boolean;
  /** What has been moving slowly since when, and how many bytes there were then. */
  body: Mark | null;
  answer: Mark | null;
  /** Since when it only waits for the other side to notice that it is over. */
  over: Mark | null;
};

type Mark = { at: Ms; bytes: number };

/** So many connections go on in one turn of the loop: a few milliseconds. */
const IN_A_TURN = 4;
/** A sender that is cut off in the middle does not see the answer: so long and so much is thrown away first. */
const LINGER: Ms = 2 * SECOND;
const DISCARD = 4 * 1024 * 1024;

export function createConnections(limits: Limits, now: Clock): Connections {
  const all = new Map<Socket, Connection>();
  const pace = createPace(IN_A_TURN);

  function add(socket: Socket): void {
    tellOfNewcomer();
    const connection = connect(socket, pace, now());
    const refusal = makeRoom(connection.address);
    all.set(socket, connection);
    socket.once('close', () => all.delete(socket));
    lingerAtTheEnd(connection, now);
    if (refusal !== null) refuse(connection, refusal, now());
  }

  /** Null when there is room, or was made; else how to answer. */
  function makeRoom(address: string): Refusal | null {
    const same = [...all.values()].filter((one) => one.address === address);
    if (same.length >= limits.connectionsOfOne) return cutLongestWaiting(same) ? null : TOO_MANY_OF_ONE;
    if (all.size >= limits.connections) return cutLongestWaiting([...all.values()]) ? null : TOO_MANY;
    return null;
  }

  function cutLongestWaiting(among: readonly Connection[]): boolean {
    const waiting = among.filter(keepsUsWaiting);
    const unproved = waiting.filter(({ isProved }) => !isProved);
    const unread = () => among.filter(({ request }) => request?.complete === false);
    const [first, ...others] = [unproved, waiting].find((some) => some.length > 0) ?? unread();
    if (!first) return false;
    const longest = others.reduce((one, other) => (other.since < one.since ? other : one), first);
    all.delete(longest.socket);
    longest.socket.destroy();
    return true;
  }

  function begun(request: IncomingMessage, response: ServerResponse): void {
    const connection = all.get(request.socket);
    if (!connection) return;
    connection.feed.begun(request);
    Object.assign(connection, { request, since: now(), body: null });
    response.once('close', () => {
      connection.isProved ||= request.method === 'POST' && response.writableFinished && response.statusCode < 300;
      if (connection.request === request) Object.assign(connection, { request: null, since: now() });
      connection.feed.answered();
    });
  }

  function look(): void {
    const at = now();
    for (const connection of all.values()) {
      if (connection.over !== null) cutWhenDone(connection, at);
      else if (isTooSlow(limits, connection, at)) refuse(connection, TOO_SLOW, at);
    }
  }

  return { add, begun, look, count: () => all.size };
}

const connect = (socket: Socket, pace: Pace, now: Ms): Connection => ({
  socket,
  feed: feedInTurn(socket, pace),
  address: networkOf(socket.remoteAddress ?? ''),
  since: now,
  request: null,
  isProved: false,
  body: null,
  answer: null,
  over: null,
});

/** An address, or the network that one customer has in IPv6. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:/, '');
  if (!plain.includes(':')) return plain;
  const [before = '', after] = plain.split('::');
  const groups = before.split(':').filter((group) => group !== '');
  const missing = after === undefined ? 0 : 8 - groups.length - after.split(':').filter((group) => group !== '').length;
  return [...groups, ...Array<string>(missing).fill('0'), ...(after ?? '').split(':')].slice(0, 4).join(':');
}

/** Whether the next step is the other side's: a request, the rest of a body, the reading of an answer. */
function keepsUsWaiting({ request, socket }: Connection): boolean {
  return request === null || isBeingRead(request) || socket.writableLength > 0;
}

/** A body that nobody reads yet does not come for that reason. */
const isBeingRead = (request: IncomingMessage): boolean => !request.complete && request.readableFlowing === true;

function isTooSlow(limits: Limits, connection: Connection, now: Ms): boolean {
  const { socket, request, feed } = connection;
  connection.body = request && isBeingRead(request) ? (connection.body ?? { at: now, bytes: feed.bytes() }) : null;
  const sent = socket.bytesWritten - socket.writableLength;
  connection.answer = socket.writableLength > 0 ? (connection.answer ?? { at: now, bytes: sent }) : null;
  return isLate(limits, connection.body, feed.bytes(), now) || isLate(limits, connection.answer, sent, now);
}

function isLate({ patience, leastRate }: Limits, mark: Mark | null, bytes: number, now: Ms): boolean {
  if (mark === null) return false;
  return now - mark.at > patience + ((bytes - mark.bytes) / leastRate) * SECOND;
}

type Refusal = string;

const refusal = (status: string, words: string, headers: string): Refusal =>
  `HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
  `Content-Length: ${JSON.stringify({ error: words }).length}\r\n\r\n${JSON.stringify({ error: words })}`;

const RETRY = 'Retry-After: 10\r\n';
const TOO_MANY = refusal('503 Service Unavailable', 'too many connections', RETRY);
const TOO_MANY_OF_ONE = refusal('429 Too Many Requests', 'too many connections from this address', RETRY);
const TOO_SLOW = refusal('408 Request Timeout', 'the request came too slowly', '');

/** Says why, unless the bytes of an answer are under way, and ends the connection. */
function refuse(connection: Connection, words: Refusal, now: Ms): void {
  const { socket, feed } = connection;
  feed.stop();
  if (socket.writableLength > 0) return void socket.destroy();
  socket.end(words);
  connection.over = { at: now, bytes: feed.bytes() };
}

/** Node would hang up as soon as the last answer is written. */
function lingerAtTheEnd(connection: Connection, now: Clock): void {
  const { socket, feed } = connection;
  const hangUp = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    if (connection.request === null || connection.request.complete) return hangUp();
    feed.stop();
    socket.end();
    connection.over = { at: now(), bytes: feed.bytes() };
  };
}

function cutWhenDone({ socket, feed, over }: Connection, now: Ms): void {
  if (over && (now - over.at > LINGER || feed.bytes() - over.bytes > DISCARD)) socket.destroy();
}

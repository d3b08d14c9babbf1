import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Pace } from './pace.ts';

/** Gives what a connection sends to Node's parser. */
export type Feed = {
  /** A request has begun: the next one waits until it is answered. */
  begun(request: IncomingMessage): void;
  /** It is answered, and its answer has left. */
  answered(): void;
  /** Nothing more is read as a request; what comes is thrown away. */
  stop(): void;
  /** Bytes that have come in all. */
  bytes(): number;
};

const HEADER_END = Buffer.from('\r\n\r\n');
/** Where it is not known what the bytes are, so many at a time: no more than some forty requests fit in them. */
const PIECE = 1024;
/** A body of this size is read at once. The rest of a larger one is read at the pace of all. */
const AT_ONCE = 64 * 1024;

/**
 * Lets a connection have one request in work at a time, and leaves the others where they are: in a few kilobytes here and
 * in the buffers of the network. Node's parser would make objects of every request that has arrived, and a client that
 * sends thousands without a wait takes thousands of times what it sends.
 *
 * A header is given to the parser up to its end, and a body up to its own, so that the next request begins when this says
 * so.
 */
export function feedInTurn(socket: Socket, pace: Pace): Feed {
  const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
  if (!parse) throw new Error('the parser of HTTP does not listen to the connection');
  const pending: Buffer[] = [];
  let received = 0;
  let begunAt = 0;
  let inWork = 0;
  let request: IncomingMessage | null = null;
  let bodyLeft = 0;
  let tail: Buffer = Buffer.alloc(0);
  let isHeldByUs = false;
  let isStopped = false;

  const isInBody = () => request !== null && !request.complete;

  function next(): Buffer {
    const bytes = pending.shift() ?? tail;
    const size = isInBody() ? sizeOfBody() : headerIn(bytes);
    if (size < bytes.length) pending.unshift(bytes.subarray(size));
    const piece = bytes.subarray(0, size);
    if (isInBody()) bodyLeft -= piece.length;
    else tail = Buffer.concat([tail, piece]).subarray(1 - HEADER_END.length);
    return piece;
  }

  const sizeOfBody = () => (bodyLeft > 0 ? bodyLeft : PIECE);

  /** How far the header reaches, whose end may have begun in the bytes before. */
  function headerIn(bytes: Buffer): number {
    const at = Buffer.concat([tail, bytes.subarray(0, PIECE)]).indexOf(HEADER_END);
    return at < 0 ? PIECE : at + HEADER_END.length - tail.length;
  }

  function pump(): void {
    // Node has paused it, because answers have not been read: it resumes it as well.
    if (socket.isPaused() && !isHeldByUs) return;
    while (pending.length > 0 && (isInBody() || inWork === 0) && !socket.destroyed && !isStopped) {
      resume();
      parse?.call(socket, next());
      if (socket.isPaused()) return;
    }
    if (pending.length === 0) resume();
    else hold();
  }

  function waitForTurn(): void {
    if (socket.isPaused()) return;
    hold();
    pace(pump);
  }

  function hold(): void {
    isHeldByUs = true;
    socket.pause();
  }

  function resume(): void {
    if (isHeldByUs) socket.resume();
    isHeldByUs = false;
  }

  socket.removeListener('data', parse);
  socket.on('data', (bytes: Buffer) => {
    received += bytes.length;
    if (!isStopped) pending.push(bytes);
    pump();
    if (received - begunAt > AT_ONCE && (isStopped || isInBody())) waitForTurn();
  });
  socket.on('resume', pump);

  return {
    begun(begun) {
      inWork++;
      begunAt = received;
      request = begun;
      bodyLeft = Number(begun.headers['content-length'] ?? 0);
      tail = Buffer.alloc(0);
    },
    answered() {
      inWork--;
      // Not at once, so that one connection does not keep the others from their turn.
      if (pending.length > 0) pace(pump);
    },
    stop() {
      isStopped = true;
      pending.length = 0;
      begunAt = received;
      resume();
    },
    bytes: () => received,
  };
}

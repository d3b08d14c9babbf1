import type { IncomingMessage } from 'node:http';
import { createUnzip } from 'node:zlib';
import { AppError } from '../base/errors.ts';
import { giveBack } from '../base/give-back.ts';
import { outlineOf } from '../base/json.ts';
import { createMemory, type Room } from './limits/memory.ts';

/**
 * So much beyond a limit is read and thrown away, because a sender that is cut off in the middle does not see the
 * answer.
 */
const DISCARD = 4 * 1024 * 1024;
const LARGE = 256 * 1024;

/** The sender went away, or was too slow: there is nobody to answer. */
export class SenderGone extends Error {
  override readonly name = 'SenderGone';
}

/** Whether the sender has shown a token. */
export type Sender = 'known' | 'anybody';

/** Whether a body may come packed; then its limit and its memory are those of what is in it. */
export type Form = 'plain' | 'packed';

/** The bodies of requests, which share the memory that there is for them. */
export type Bodies = {
  /** Reads a body of `limit` bytes at most, whatever its Content-Length says. Its memory is taken until `release`. */
  read(request: IncomingMessage, limit: number, sender: Sender, form?: Form): Promise<Buffer>;
  /** Called when a request is over, whether a body was read or not. */
  release(request: IncomingMessage): void;
};

export function createBodies(bytes: number): Bodies {
  const memory = createMemory(bytes);
  const rooms = new Map<IncomingMessage, Room>();

  async function roomFor(request: IncomingMessage, sender: Sender, giveWay: (error: Error) => void): Promise<Room> {
    const length = isEncoded(request) ? null : lengthOf(request);
    const room = await (sender === 'known'
      ? memory.forKnown(length)
      : memory.forAnybody(length, () => giveWay(crowded(request))));
    if (room === null) throw crowded(request);
    rooms.set(request, room);
    return room;
  }

  return {
    async read(request, limit, sender, form = 'plain') {
      if (isEncoded(request) && !(form === 'packed' && isPacked(request)))
        throw refused(request, new AppError('unsupported', 'Content-Encoding is not supported'));
      if ((lengthOf(request) ?? 0) > limit) throw refused(request, tooLarge(limit));
      let giveWay = (_: Error): void => {};
      const room = await roomFor(request, sender, (error) => giveWay(error));
      const body = await readInto(room, request, limit, (giveUp) => {
        giveWay = giveUp;
      });
      await room.read();
      // It came in pieces.
      if (body.length > LARGE) giveBack('new');
      return body;
    },
    release(request) {
      rooms.get(request)?.leave();
      rooms.delete(request);
    },
  };
}

/** Null when the length was not told. */
function lengthOf({ headers }: IncomingMessage): number | null {
  const given = headers['content-length'];
  return given === undefined ? null : Number(given);
}

function readInto(
  room: Room,
  request: IncomingMessage,
  limit: number,
  mayGiveUp: (giveUp: (error: unknown) => void) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const isPlain = !isEncoded(request);
    const body = isPlain ? request : request.pipe(createUnzip());
    const parts = gathering(isPlain ? lengthOf(request) : null);
    let size = 0;
    const giveUp = (error: unknown) => {
      parts.forget();
      if (!isPlain) request.unpipe().resume();
      if (!isPlain) body.destroy();
      discard(request, isPlain ? size : 0);
      reject(error);
    };
    mayGiveUp(giveUp);
    body.on('data', (part: Buffer) => {
      size += part.length;
      if (size > limit) giveUp(tooLarge(limit));
      else if (room.grow(size)) parts.add(part);
      else giveUp(crowded(request));
    });
    body.on('end', () => resolve(parts.whole()));
    if (!isPlain) body.on('error', () => giveUp(new AppError('invalid', 'the body is not whole, or not packed')));
    request.on('error', (cause) => reject(new SenderGone('the request broke off', { cause })));
    request.on('close', () => request.complete || reject(new SenderGone('the request broke off')));
    if (request.destroyed) reject(new SenderGone('the request broke off'));
  });
}

/**
 * Parts of a body. Where its length is known they go to their place at once, as joining them takes it twice. A body that
 * came in one part, as webhooks do, is that part.
 */
function gathering(length: number | null) {
  let parts: Buffer[] = [];
  let place: Buffer | null = null;
  let size = 0;
  return {
    add(part: Buffer): void {
      if (length === null || part.length === length) parts.push(part);
      else {
        place ??= Buffer.allocUnsafeSlow(length);
        part.copy(place, size);
      }
      size += part.length;
    },
    forget(): void {
      parts = [];
      place = null;
    },
    whole(): Buffer {
      const [first, ...others] = parts;
      if (place) return place.subarray(0, size);
      return first && others.length === 0 ? first : Buffer.concat(parts);
    },
  };
}

function refused(request: IncomingMessage, error: AppError): AppError {
  discard(request, 0);
  return error;
}

const crowded = (request: IncomingMessage): AppError =>
  refused(request, new AppError('unavailable', 'too much is being sent at once: try again a little later'));

/** Reads the rest of a body without keeping it, and hangs up when the sender does not come to an end. */
export function discard(request: IncomingMessage, already = 0): void {
  let size = already;
  request.removeAllListeners('data');
  request.on('data', (part: Buffer) => {
    size += part.length;
    if (size > DISCARD) request.destroy();
  });
  request.on('error', () => {});
}

/** Packed bodies of strangers are refused: unpacked they can be a thousand times larger, and Mailgun never sends any. */
const isEncoded = (request: IncomingMessage): boolean => !['', 'identity'].includes(encodingOf(request));

const isPacked = (request: IncomingMessage): boolean => ['gzip', 'x-gzip', 'deflate'].includes(encodingOf(request));

const encodingOf = ({ headers }: IncomingMessage): string => (headers['content-encoding'] ?? '').trim().toLowerCase();

const tooLarge = (limit: number): AppError => new AppError('too_large', `the body is larger than ${limit} bytes`);

/** A list of a hundred messages with all their recipients has fewer. */
const MOST_VALUES = 50_000;

/** A JSON body of a known sender; an empty one is an empty object. */
export async function readJson(bodies: Bodies, request: IncomingMessage, limit: number): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const raw = await bodies.read(request, limit, 'known');
  if (raw.length === 0) return {};
  if (type !== 'application/json') throw new AppError('unsupported', 'the Content-Type must be application/json');
  const text = textIn(raw);
  const outline = outlineOf(text, MOST_VALUES);
  if (typeof outline === 'string') throw new AppError('invalid', outline);
  return parsed(text);
}

function textIn(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    throw new AppError('invalid', 'the body is not valid JSON');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message would quote the body.
    throw new AppError('invalid', 'the body is not valid JSON');
  }
}

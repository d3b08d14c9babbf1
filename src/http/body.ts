import type { IncomingMessage } from 'node:http';
import { AppError } from '../base/errors.ts';

/**
 * So much beyond a limit is read and thrown away, because a sender that is cut off in the middle does not see the
 * answer.
 */
const DISCARD = 4 * 1024 * 1024;

/** The sender went away, or was too slow: there is nobody to answer. */
export class SenderGone extends Error {
  override readonly name = 'SenderGone';
}

/** Reads a body of `limit` bytes at most, whatever its Content-Length says. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (isEncoded(request)) return refuse(request, new AppError('unsupported', 'Content-Encoding is not supported'));
  if (Number(request.headers['content-length']) > limit) return refuse(request, tooLarge(limit));
  return new Promise((resolve, reject) => {
    let parts: Buffer[] = [];
    let size = 0;
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size <= limit) return parts.push(part);
      parts = [];
      discard(request, size);
      return reject(tooLarge(limit));
    });
    request.on('end', () => resolve(Buffer.concat(parts)));
    request.on('error', (cause) => reject(new SenderGone('the request broke off', { cause })));
    request.on('close', () => reject(new SenderGone('the request broke off')));
  });
}

function refuse(request: IncomingMessage, error: AppError): Promise<never> {
  discard(request, 0);
  return Promise.reject(error);
}

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

/** Packed bodies are refused: unpacked they can be a thousand times larger, and Mailgun never sends any. */
function isEncoded(request: IncomingMessage): boolean {
  const encoding = request.headers['content-encoding'];
  return encoding !== undefined && encoding.trim().toLowerCase() !== 'identity';
}

const tooLarge = (limit: number): AppError => new AppError('too_large', `the body is larger than ${limit} bytes`);

/** A JSON body; an empty one is an empty object. */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const raw = await readBody(request, limit);
  if (raw.length === 0) return {};
  if (type !== 'application/json') throw new AppError('unsupported', 'the Content-Type must be application/json');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown;
  } catch {
    // The parser's own message would quote the body.
    throw new AppError('invalid', 'the body is not valid JSON');
  }
}

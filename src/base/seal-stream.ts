import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { keyName } from './seal.ts';

/**
 * What is too large to be sealed in one piece: the name of the key, a salt, and the pieces, each with its tag. Every stream
 * has a key of its own (HKDF, RFC 5869), so the nonces count the pieces, and that of the last one says so: pieces that
 * were changed, left out, put elsewhere or cut off do not open. It is the STREAM of age (C2SP), with AES-256-GCM.
 */
const NAME = 8;
const SALT = 16;
const TAG = 16;
const PIECE = 64 * 1024;

/** Seals what comes (`key` is 64 hex digits). `context` is bound to every piece of it. */
export async function* sealed(source: AsyncIterable<Buffer>, key: string, context: string): AsyncGenerator<Buffer> {
  const head = Buffer.concat([Buffer.from(keyName(key), 'hex'), randomBytes(SALT)]);
  yield head;
  const own = keyOf(key, head.subarray(NAME));
  const aad = Buffer.from(context);
  let n = 0;
  for await (const { piece, isLast } of piecesOf(source, PIECE)) {
    const cipher = createCipheriv('aes-256-gcm', own, nonceOf(n++, isLast)).setAAD(aad);
    yield Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  }
}

/** The same opened, by whichever of the keys it was sealed with. Throws at the first piece that does not open. */
export async function* unsealed(source: Readable, keys: readonly string[], context: string): AsyncGenerator<Buffer> {
  const bytes = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const { first: head, rest } = await begun(bytes, NAME + SALT);
  const name = head.subarray(0, NAME).toString('hex');
  const key = keys.find((one) => keyName(one) === name);
  if (key === undefined) throw new NoSuchKey('none of the keys is the one that it was sealed with');
  const own = keyOf(key, head.subarray(NAME));
  const aad = Buffer.from(context);
  let n = 0;
  for await (const { piece, isLast } of piecesOf(rest, PIECE + TAG)) {
    if (piece.length < TAG) throw new Error('it is cut off');
    const decipher = createDecipheriv('aes-256-gcm', own, nonceOf(n++, isLast)).setAAD(aad);
    decipher.setAuthTag(piece.subarray(-TAG));
    yield Buffer.concat([decipher.update(piece.subarray(0, -TAG)), decipher.final()]);
  }
}

export class NoSuchKey extends Error {
  override readonly name = 'NoSuchKey';
}

const keyOf = (key: string, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(key, 'hex'), salt, 'homing sealed stream', 32));

/** Eleven bytes that count, and one that is 1 for the last piece. */
function nonceOf(n: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(n, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

type Piece = { piece: Buffer; isLast: boolean };

/** Pieces of one size; the last one may be shorter, and there is always one. */
async function* piecesOf(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Piece> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const bytes of source) {
    waiting.push(bytes);
    length += bytes.length;
    if (length <= size) continue;
    let all = Buffer.concat(waiting);
    for (; all.length > size; all = all.subarray(size)) yield { piece: all.subarray(0, size), isLast: false };
    waiting = [all];
    length = all.length;
  }
  yield { piece: Buffer.concat(waiting), isLast: true };
}

/** The first bytes, and those behind them. */
async function begun(
  bytes: AsyncIterator<Buffer>,
  size: number,
): Promise<{ first: Buffer; rest: AsyncIterable<Buffer> }> {
  let all: Buffer = Buffer.alloc(0);
  while (all.length < size) {
    const { value, done } = await bytes.next();
    if (done) throw new Error('it is cut off');
    all = Buffer.concat([all, value]);
  }
  async function* rest(): AsyncGenerator<Buffer> {
    yield all.subarray(size);
    for (let next = await bytes.next(); !next.done; next = await bytes.next()) yield next.value;
  }
  return { first: all.subarray(0, size), rest: rest() };
}

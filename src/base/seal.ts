import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { letGo } from './let-go.ts';

/** The version byte, the name of the key, nonce, tag, and what is sealed. The first version had no name of a key. */
const VERSION = 2;
const NAMELESS = 1;
const NAME = 8;
const NONCE = 12;
const TAG = 16;
/** Bytes of a body that can be opened again. Mailgun's own limit for a message is 25 MB. */
export const MAX_BODY = 64 * 1024 * 1024;

/** Tells keys (64 hex digits) apart, and gives nothing of them away: 16 hex digits. */
export const keyName = (key: string): string =>
  createHmac('sha256', Buffer.from(key, 'hex'))
    .update('the name of this key')
    .digest('hex')
    .slice(0, 2 * NAME);

// Large bodies are packed in another thread, as one takes a second; for small ones the way there takes longer.
/** For a larger body the time counts more than the space. */
const LARGE = 1024 * 1024;
const SMALL = 64 * 1024;
/** Bytes that are opened at a time. */
const PART = 256 * 1024;
/** What is packed so small is not large, however well it was packed. */
const SMALL_PACKED = 4 * 1024;

/**
 * Compresses and encrypts a body, which may come in pieces (AES-256-GCM; `key` is 64 hex digits). `context` is bound to
 * it: a body moved to another message does not open.
 */
export async function seal(body: Buffer | readonly Buffer[], key: string, context: string): Promise<Buffer> {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce).setAAD(Buffer.from(context));
  const sealed: Buffer[] = [];
  for await (const packed of packedParts(Buffer.isBuffer(body) ? [body] : body)) {
    sealed.push(cipher.update(packed));
    letGo(packed);
  }
  sealed.push(cipher.final());
  const head = [Buffer.from([VERSION]), Buffer.from(keyName(key), 'hex'), nonce, cipher.getAuthTag()];
  return joined([...head, ...sealed]);
}

/** Put together, and not there as parts any more. */
function joined(parts: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(parts);
  for (const part of parts) letGo(part);
  return whole;
}

/** Part after part, so that a large body is not in memory another time. */
function packedParts(pieces: readonly Buffer[]): Iterable<Buffer> | AsyncIterable<Buffer> {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (size < SMALL) return [deflateRawSync(Buffer.concat(pieces))];
  const level = size > LARGE ? constants.Z_BEST_SPEED : constants.Z_DEFAULT_COMPRESSION;
  return Readable.from(pieces.filter((piece) => piece.length > 0)).pipe(createDeflateRaw({ level, chunkSize: SMALL }));
}

/** The name of the key that it was sealed with; null for a body that does not say. */
export const sealedBy = (sealed: Buffer): string | null =>
  sealed[0] === VERSION ? sealed.subarray(1, 1 + NAME).toString('hex') : null;

/**
 * The body again, by whichever of the keys it was sealed with. Throws when that is none of them, when the context is
 * another one, or when a byte was changed.
 */
export async function unseal(sealed: Buffer, keys: readonly string[], context: string): Promise<Buffer> {
  if (sealed[0] !== VERSION && sealed[0] !== NAMELESS) throw new Error('the sealed body has an unknown version');
  const name = sealedBy(sealed);
  const own = name === null ? keys : keys.filter((key) => keyName(key) === name);
  for (const [n, key] of own.entries()) {
    try {
      return await opened(sealed.subarray(name === null ? 1 : 1 + NAME), key, context);
    } catch (error) {
      if (n === own.length - 1) throw error;
    }
  }
  throw new Error('none of the keys is the one that the body was sealed with');
}

async function opened(sealed: Buffer, key: string, context: string): Promise<Buffer> {
  const nonce = sealed.subarray(0, NONCE);
  const tag = sealed.subarray(NONCE, NONCE + TAG);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce)
    .setAAD(Buffer.from(context))
    .setAuthTag(tag);
  const packed = decipher.update(sealed.subarray(NONCE + TAG));
  // Throws when a byte was changed: nothing is made of it before.
  decipher.final();
  if (packed.length < SMALL_PACKED) return inflateRawSync(packed, { maxOutputLength: MAX_BODY });
  const whole = await expanded(packed);
  // Not after a failure: zlib may be at work on it still.
  letGo(packed);
  return whole;
}

/** Rejects with an error of zlib, or with one of its own codes where it comes to more than `MAX_BODY` bytes. */
async function expanded(packed: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of Readable.from([packed]).pipe(
    createInflateRaw({ chunkSize: PART }),
  ) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) throw Object.assign(new RangeError('it is too large'), { code: 'ERR_BUFFER_TOO_LARGE' });
    parts.push(part);
  }
  return joined(parts);
}

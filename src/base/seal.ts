import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

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

/**
 * Compresses and encrypts a body (AES-256-GCM; `key` is 64 hex digits). `context` is bound to it: a body moved to another
 * message does not open.
 */
export function seal(body: Buffer, key: string, context: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(deflateRawSync(body)), cipher.final()]);
  return Buffer.concat([Buffer.from([VERSION]), Buffer.from(keyName(key), 'hex'), nonce, cipher.getAuthTag(), sealed]);
}

/** The name of the key that it was sealed with; null for a body that does not say. */
export const sealedBy = (sealed: Buffer): string | null =>
  sealed[0] === VERSION ? sealed.subarray(1, 1 + NAME).toString('hex') : null;

/**
 * The body again, by whichever of the keys it was sealed with. Throws when that is none of them, when the context is
 * another one, or when a byte was changed.
 */
export function unseal(sealed: Buffer, keys: readonly string[], context: string): Buffer {
  if (sealed[0] !== VERSION && sealed[0] !== NAMELESS) throw new Error('the sealed body has an unknown version');
  const name = sealedBy(sealed);
  const own = name === null ? keys : keys.filter((key) => keyName(key) === name);
  for (const [n, key] of own.entries()) {
    try {
      return opened(sealed.subarray(name === null ? 1 : 1 + NAME), key, context);
    } catch (error) {
      if (n === own.length - 1) throw error;
    }
  }
  throw new Error('none of the keys is the one that the body was sealed with');
}

function opened(sealed: Buffer, key: string, context: string): Buffer {
  const nonce = sealed.subarray(0, NONCE);
  const tag = sealed.subarray(NONCE, NONCE + TAG);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce)
    .setAAD(Buffer.from(context))
    .setAuthTag(tag);
  const packed = Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]);
  return inflateRawSync(packed, { maxOutputLength: MAX_BODY });
}

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const VERSION = 1;
const NONCE = 12;
const TAG = 16;
/** Bytes of a body that can be opened again. Mailgun's own limit for a message is 25 MB. */
export const MAX_BODY = 64 * 1024 * 1024;

/**
 * Compresses and encrypts a body (AES-256-GCM; `key` is 64 hex digits). `context` is bound to it: a body moved to another
 * message does not open.
 */
export function seal(body: Buffer, key: string, context: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(deflateRawSync(body)), cipher.final()]);
  return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), sealed]);
}

/** The body again. Throws when the key or the context is another one, or a byte was changed. */
export function unseal(sealed: Buffer, key: string, context: string): Buffer {
  if (sealed[0] !== VERSION) throw new Error('the sealed body has an unknown version');
  const nonce = sealed.subarray(1, 1 + NONCE);
  const tag = sealed.subarray(1 + NONCE, 1 + NONCE + TAG);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce)
    .setAAD(Buffer.from(context))
    .setAuthTag(tag);
  const packed = Buffer.concat([decipher.update(sealed.subarray(1 + NONCE + TAG)), decipher.final()]);
  return inflateRawSync(packed, { maxOutputLength: MAX_BODY });
}

import { createHash, randomBytes } from 'node:crypto';
import type { Ms } from '../core/time.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID: 26 characters that sort by creation and otherwise mean nothing. */
export function newId(now: Ms): string {
  let time = '';
  for (let rest = now, n = 0; n < 10; n++, rest = Math.floor(rest / 32)) time = ALPHABET.charAt(rest % 32) + time;
  const random = [...randomBytes(16)].map((byte) => ALPHABET.charAt(byte % 32)).join('');
  return time + random;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The key of a message: one row for each Message-Id of a domain. */
export const recordKey = (domain: string, messageId: string): string => sha256(`${domain}\n${messageId}`);

/** A name by which a provider may speak of a message later. */
export const handle = (kind: 'reply' | 'storage', domain: string, value: string): string =>
  sha256(`${kind}\n${domain}\n${value}`);

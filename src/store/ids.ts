import { createHash, randomBytes } from 'node:crypto';
import type { Ms } from '../core/time.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

let last = { time: 0, random: 0n };

/** A ULID: 26 characters that sort by creation, within this process even in one millisecond, and otherwise mean nothing. */
export function newId(now: Ms): string {
  const again = now === last.time;
  last = { time: now, random: again ? last.random + 1n : BigInt(`0x${randomBytes(10).toString('hex')}`) };
  return base32(BigInt(now), 10) + base32(last.random, 16);
}

function base32(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value, n = 0; n < digits; n++, rest /= 32n) text = ALPHABET.charAt(Number(rest % 32n)) + text;
  return text;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The key of a message: one row for each Message-Id of a domain. */
export const recordKey = (domain: string, messageId: string): string => sha256(`${domain}\n${messageId}`);

/** A name by which a provider may speak of a message later. */
export const handle = (kind: 'reply' | 'storage', domain: string, value: string): string =>
  sha256(`${kind}\n${domain}\n${value}`);

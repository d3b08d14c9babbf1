import { hash, randomUUID } from 'node:crypto';
import type { Ms } from '../core/time.ts';

/** The digits that `toString(32)` writes as letters, and those of Crockford's alphabet in their place. */
const DIGITS: Readonly<Record<string, string>> = Object.fromEntries(
  [...'abcdefghijklmnopqrstuv'].map((digit, i) => [digit, 'ABCDEFGHJKMNPQRSTVWXYZ'.charAt(i)]),
);

let last = { time: 0, random: 0n };

/** A ULID: 26 characters that sort by creation, within this process even in one millisecond, and otherwise mean nothing. */
export function newId(now: Ms): string {
  last = { time: now, random: now === last.time ? last.random + 1n : random80() };
  return base32(now, 10) + base32(last.random, 16);
}

/** Comes before every id that is made at that time, and after those from before it. */
export const beforeIdsOf = (at: Ms): string => base32(at, 10);

/** When an id was made. */
export const timeOf = (id: string): Ms =>
  [...id.slice(0, 10)].reduce((time, digit) => time * 32 + '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(digit), 0);

/**
 * 80 random bits: a UUID without the part that holds its version. Node makes UUIDs in advance, so this is faster than
 * `randomBytes`, which asks the system each time.
 */
function random80(): bigint {
  const uuid = randomUUID();
  return BigInt(`0x${uuid.slice(0, 8)}${uuid.slice(24)}`);
}

const base32 = (value: number | bigint, length: number): string =>
  value
    .toString(32)
    .replace(/[a-v]/g, (digit) => DIGITS[digit] ?? digit)
    .padStart(length, '0');

const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** Whether a text is an id of ours in its form. */
export const isId = (text: string): boolean => ID.test(text);

/** A key of at most 64 characters that sorts by a time, so that an index of such keys grows at its end. */
export const keyInTime = (at: Ms, key: string): string =>
  `${Math.floor(at / 1000)
    .toString(36)
    .padStart(7, '0')}${key}`.slice(0, 64);

export const sha256 = (text: string): string => hash('sha256', text);

/** The name cut to the length of a column. A name that is cut ends with a hash, so that two names do not become one. */
export function fitted(name: string, length: number): string {
  if (name.length <= length) return name;
  const letters = [...name];
  return letters.length <= length ? name : `${letters.slice(0, length - 17).join('')}~${sha256(name).slice(0, 16)}`;
}

/** The key of a message that others send: one row for each Message-Id of a domain. */
export const recordKey = (domain: string, messageId: string): string => sha256(`${domain}\n${messageId}`);

/** The key of a message that we send ourselves, which is its own: several may have one Message-Id. */
export const queueKey = (domain: string, messageId: string, id: string): string =>
  recordKey(domain, `${messageId}\n${id}`);

/**
 * A name by which a provider may speak of a message later. Mailgun's have no provider in them: they are in databases
 * from before there were other providers.
 */
export function handle(provider: string, kind: 'reply' | 'storage', domain: string, value: string): string {
  const whose = provider === 'mailgun' ? '' : `${provider}\n`;
  return sha256(`${whose}${kind}\n${domain}\n${value}`);
}

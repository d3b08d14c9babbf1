import { createHmac, timingSafeEqual } from 'node:crypto';
import { isId } from '../base/ids.ts';
import { DAY, HOUR, type Ms } from '../core/time.ts';

/** Makes and reads the tokens by which the person who waits for a message sees how it stands. */
export type StatusTokens = {
  /** A token for a message of that id; null without a key. */
  make(id: string, usefulUntil: Ms): string | null;
  /** The id of the message; null for a token that we did not make, or whose time is over. */
  read(token: string, now: Ms): string | null;
};

/** So long after the useful life of its message a token is good. */
const AFTERWARDS: Ms = DAY;

/** 128 bits. */
const MAC_BYTES = 16;
const TOKEN = /^([0-9A-HJKMNP-TV-Z]{26})-([0-9a-z]{1,8})-([\w-]{22})$/;

/**
 * Signed by the first of these keys (64 hex digits each), and known by any of them. A token holds the id of its message,
 * the hour in which it ends, and the signature, so nothing has to be stored for it.
 */
export function statusTokens(keys: readonly string[]): StatusTokens {
  const macBy = (key: string, id: string, hour: string): Buffer =>
    createHmac('sha256', Buffer.from(key, 'hex'))
      .update(`the status of a message\n${id}\n${hour}`)
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    make(id, usefulUntil) {
      const [key] = keys;
      if (key === undefined || !isId(id)) return null;
      const hour = Math.ceil((usefulUntil + AFTERWARDS) / HOUR).toString(36);
      return `${id}-${hour}-${macBy(key, id, hour).toString('base64url')}`;
    },
    read(token, now) {
      const [, id = '', hour = '', mac = ''] = TOKEN.exec(token) ?? [];
      const given = Buffer.from(mac, 'base64url');
      if (given.length !== MAC_BYTES || given.toString('base64url') !== mac) return null;
      const isOurs = keys.filter((key) => timingSafeEqual(macBy(key, id, hour), given)).length > 0;
      return isOurs && now < Number.parseInt(hour, 36) * HOUR ? id : null;
    },
  };
}

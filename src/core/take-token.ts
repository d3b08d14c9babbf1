import { createHmac, timingSafeEqual } from 'node:crypto';

/** 128 bits. */
const MAC_BYTES = 16;

/** Makes and knows the tokens by which whoever was told of an incident takes it, without a login. */
export type TakeTokens = {
  /** Null without a key. */
  make(incident: string): string | null;
  isGood(incident: string, token: string): boolean;
};

/**
 * Signed by the first of these keys (64 hex digits each), and known by any of them. A token is good for one incident, as long
 * as that lasts; nothing has to be stored for it.
 */
export function takeTokens(keys: readonly string[]): TakeTokens {
  const macBy = (key: string, incident: string): Buffer =>
    createHmac('sha256', Buffer.from(key, 'hex'))
      .update(`to take an incident\n${incident}`)
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    make(incident) {
      const [key] = keys;
      return key === undefined ? null : macBy(key, incident).toString('base64url');
    },
    isGood(incident, token) {
      const given = Buffer.from(token, 'base64url');
      if (given.length !== MAC_BYTES || given.toString('base64url') !== token) return false;
      return keys.filter((key) => timingSafeEqual(macBy(key, incident), given)).length > 0;
    },
  };
}

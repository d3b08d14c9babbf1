import { createHmac, timingSafeEqual } from 'node:crypto';
import { asciiLower } from '../../core/address.ts';
import type { HandedOver } from '../../core/sighting.ts';

export type ReturnPath = {
  /** The address to which servers send what comes back of this hand-over. */
  addressOf(handed: HandedOver): string;
  /** The hand-over that an address names; null when it is no address of ours, or none that we made. */
  read(address: string): HandedOver | null;
};

/** Mail is taken for addresses below this domain, and the addresses are signed by the first of these keys (64 hex digits). */
export type BounceSettings = { domain: string; keys: readonly string[] };

/** What servers call a hand-over by (ENVID, RFC 3461): the same as in its return path. */
export const envelopeIdOf = ({ deliveryId, attempt }: HandedOver): string => `${asciiLower(deliveryId)}-${attempt}`;

/** 80 bits: nobody can try so many by mail. */
const MAC_BYTES = 10;
const ADDRESS = /^bounce\+([0-9a-hjkmnp-tv-z]{26})-([1-9]\d{0,4})-([0-9a-f]{20})@([^@]+)$/i;

/**
 * Return paths of the mail that goes out through one provider. Each names its hand-over and is signed, so that nobody can
 * have mail of others fail. Servers may change the case of its letters. It has 61 characters before the `@`, of the 64
 * that are allowed (RFC 5321, 4.5.3.1.1).
 */
export function createReturnPath({ domain, keys }: BounceSettings, provider: string): ReturnPath {
  const macBy = (key: string, handed: HandedOver): Buffer =>
    createHmac('sha256', Buffer.from(key, 'hex'))
      .update(`the return path of\n${provider}\n${envelopeIdOf(handed)}`)
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    addressOf(handed) {
      const [key] = keys;
      if (key === undefined) throw new Error('a return path needs a key');
      return `bounce+${envelopeIdOf(handed)}-${macBy(key, handed).toString('hex')}@${domain}`;
    },
    read(address) {
      const named = namedBy(address);
      if (named === null || named.domain !== domain) return null;
      const isBy = (key: string) => timingSafeEqual(macBy(key, named), named.mac);
      return keys.some(isBy) ? { deliveryId: named.deliveryId, attempt: named.attempt } : null;
    },
  };
}

/** What an address of that form names, genuine or not. */
export function namedBy(address: string): (HandedOver & { mac: Buffer; domain: string }) | null {
  const [, id, attempt, mac = '', domain = ''] = ADDRESS.exec(address.trim()) ?? [];
  if (id === undefined) return null;
  return {
    deliveryId: id.toUpperCase(),
    attempt: Number(attempt),
    mac: Buffer.from(mac, 'hex'),
    domain: asciiLower(domain),
  };
}

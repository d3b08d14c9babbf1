import { createHmac, timingSafeEqual } from 'node:crypto';
import { keyInTime } from '../../base/ids.ts';
import type { Sighting } from '../../core/sighting.ts';
import { DAY, type Ms, SECOND } from '../../core/time.ts';
import { type Fields, isObject, momentOf } from '../common/fields.ts';
import type { Opened } from '../provider.ts';
import { type Hints, readEvent } from './event.ts';
import { readLegacy } from './legacy.ts';
import { formatOf, isSmall, type Payload, payloadOf, signedPartsOf, wholeOf } from './payload.ts';

/**
 * Mailgun posts the same signature with each of its retries, over 8 hours, so a narrow window would refuse real events.
 * The window goes both ways. A signature that is used twice is found by its HMAC.
 */
const WINDOW: Ms = DAY;

/** Checks and reads a webhook of Mailgun, in its present form or the legacy one. */
export function openWebhook(raw: Buffer, contentType: string | undefined, keys: readonly string[], now: Ms): Opened {
  const format = formatOf(contentType);
  if (!format) return unusable('the content type is none of JSON, form and multipart');
  const small = isSmall(raw, format) ? wholeOf(raw, format) : null;
  if (typeof small === 'string') return unusable(small);
  const parts = small ? [small.payload] : signedPartsOf(raw, format);
  if (typeof parts === 'string') return unusable(parts);
  const signatures = parts.flatMap((part) => signatureIn(part) ?? []);
  if (signatures.length === 0) return unusable(UNSIGNED);
  const right = rightOf(signatures, keys);
  if (!right) return { kind: 'forged', detail: 'the signature is wrong' };
  const signedAt = Number(right.timestamp) * SECOND;
  if (Math.abs(now - signedAt) > WINDOW)
    return { kind: 'forged', detail: 'the signature is older than a day, or from the future', signedAt };
  const whole = small ?? wholeOf(raw, format);
  if (typeof whole === 'string') return unusable(whole);
  const { text, payload } = whole;
  const signature = signatureIn(payload);
  if (signature?.timestamp !== right.timestamp || signature.token !== right.token) return unusable(UNSIGNED);
  // A replay has the same HMAC, even if digits were moved from one field to the other.
  const event = {
    replayKey: keyInTime(signedAt, right.hmac),
    body: text,
    contentType: format.type,
    sighting: sightingIn(payload),
  };
  return { kind: 'events', events: [event] };
}

const UNSIGNED = 'it has no signature block of the right types';

const unusable = (detail: string): Opened => ({ kind: 'unusable', detail });

/**
 * Reads a kept event: the body of a webhook, or `{ domain, item }` for an item of the records. The signature is not
 * checked again.
 */
export function reopen(text: string, contentType: string | null): Sighting | null {
  const format = formatOf(contentType);
  const payload = format ? payloadOf(text, format) : 'unknown format';
  return typeof payload === 'string' ? null : sightingIn(payload);
}

function sightingIn(payload: Payload): Sighting | null {
  if (payload.kind === 'form') return readLegacy(payload.form);
  const { body } = payload;
  if (isObject(body['item'])) return readEvent(body['item'], hintsIn(body));
  if (!('event-data' in body)) return readEvent(body);
  const at = momentOf(signatureIn(payload)?.timestamp);
  return readEvent(body['event-data'], at === null ? {} : { at });
}

const hintsIn = ({ domain }: Fields): Hints => (typeof domain === 'string' ? { domain } : {});

type Signature = {
  timestamp: string;
  token: string;
  /** By the key of the account that sent the mail and, for a subaccount, by its parent's: either is enough. */
  signatures: string[];
};

/** The signature is nested in the present form, and flat in forms and in posts of inbound routes. */
function signatureIn(payload: Payload): Signature | null {
  const outer = payload.kind === 'form' ? payload.form : payload.body;
  const block = isObject(outer['signature']) ? outer['signature'] : outer;
  const { timestamp, token, signature, 'parent-signature': parent } = block;
  // Some senders write a number. Anything else (a list, an object) could become any text.
  const time = Number.isSafeInteger(timestamp) ? String(timestamp) : timestamp;
  if (typeof time !== 'string' || typeof token !== 'string' || typeof signature !== 'string') return null;
  return { timestamp: time, token, signatures: typeof parent === 'string' ? [signature, parent] : [signature] };
}

type Right = { timestamp: string; token: string; hmac: string };

/** The first that one of the keys made, with its HMAC by that key; null when none did. */
function rightOf(signatures: readonly Signature[], keys: readonly string[]): Right | null {
  for (const { timestamp, token, signatures: given } of signatures) {
    // Nothing separates the two in what is signed: only a time of exactly ten digits keeps digits from moving over.
    if (!TIMESTAMP.test(timestamp) || !TOKEN.test(token)) continue;
    for (const key of keys) {
      // With an empty key everybody could sign.
      if (key.trim() === '') continue;
      const hmac = hmacOf(timestamp + token, key);
      if (given.some((one) => isSame(one, hmac))) return { timestamp, token, hmac };
    }
  }
  return null;
}

const TIMESTAMP = /^[0-9]{10}$/;
const TOKEN = /^[0-9a-zA-Z]{16,128}$/;
const HMAC = /^[0-9a-f]{64}$/;

/** How long it takes tells nothing of where they differ. */
const isSame = (given: string, hmac: string): boolean =>
  HMAC.test(given) && timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(hmac, 'latin1'));

/** In hexadecimal digits. */
const hmacOf = (text: string, key: string): string => createHmac('sha256', key).update(text).digest('hex');

import { createHmac, timingSafeEqual } from 'node:crypto';
import { keyInTime } from '../../base/ids.ts';
import type { Sighting } from '../../core/sighting.ts';
import { DAY, type Ms, SECOND } from '../../core/time.ts';
import { type Fields, isObject, momentOf } from '../common/fields.ts';
import type { Opened } from '../provider.ts';
import { type Hints, readEvent } from './event.ts';
import { readLegacy } from './legacy.ts';
import { formatOf, type Payload, payloadOf, signedPartsOf, textOf, UNCLEAN } from './payload.ts';

/**
 * Mailgun posts the same signature with each of its retries, over 8 hours, so a narrow window would refuse real events.
 * The window goes both ways. A signature that is used twice is found by its HMAC.
 */
const WINDOW: Ms = DAY;

/** Checks and reads a webhook of Mailgun, in its present form or the legacy one. */
export function openWebhook(raw: Buffer, contentType: string | undefined, keys: readonly string[], now: Ms): Opened {
  const format = formatOf(contentType);
  if (!format) return unusable('the content type is none of JSON, form and multipart');
  const parts = signedPartsOf(raw, format);
  if (typeof parts === 'string') return unusable(parts);
  const signatures = parts.flatMap((part) => signatureIn(part) ?? []);
  if (signatures.length === 0) return unusable(UNSIGNED);
  const [right] = signatures.flatMap((signature) => verified(signature, keys));
  if (!right) return { kind: 'forged', detail: 'the signature is wrong' };
  const signedAt = Number(right.timestamp) * SECOND;
  if (Math.abs(now - signedAt) > WINDOW)
    return { kind: 'forged', detail: 'the signature is older than a day, or from the future', signedAt };
  const text = textOf(raw, format);
  if (text === null) return unusable(UNCLEAN);
  const payload = payloadOf(text, format);
  if (typeof payload === 'string') return unusable(payload);
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

/** With the HMAC by the key that fits; empty when none does. */
function verified(signature: Signature, keys: readonly string[]): (Signature & { hmac: string })[] {
  const { timestamp, token, signatures } = signature;
  // Nothing separates the two in what is signed: only a time of exactly ten digits keeps digits from moving over.
  if (!/^[0-9]{10}$/.test(timestamp) || !/^[0-9a-zA-Z]{16,128}$/.test(token)) return [];
  const given = signatures.filter((text) => /^[0-9a-f]{64}$/.test(text)).map((text) => Buffer.from(text, 'hex'));
  // With an empty key everybody could sign.
  const hmacs = keys.filter((key) => key.trim() !== '').map((key) => hmacOf(timestamp + token, key));
  const right = hmacs.find((computed) => given.some((one) => timingSafeEqual(computed, one)));
  return right ? [{ ...signature, hmac: right.toString('hex') }] : [];
}

const hmacOf = (text: string, key: string): Buffer => createHmac('sha256', key).update(text).digest();

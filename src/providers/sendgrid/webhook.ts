import { isUtf8 } from 'node:buffer';
import { type KeyObject, verify } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { keyInTime, sha256 } from '../../base/ids.ts';
import type { Sighting } from '../../core/sighting.ts';
import { DAY, type Ms, SECOND } from '../../core/time.ts';
import type { Opened, OpenedEvent } from '../provider.ts';
import { readEvent } from './event.ts';

/** SendGrid posts an event again for a day, so a narrow window would refuse real ones. It goes both ways. */
const WINDOW: Ms = DAY;
const TYPE = 'application/json';

type Request = { raw: Buffer; headers: IncomingHttpHeaders };

/**
 * Checks and reads what SendGrid's signed event webhook posts: a JSON list, signed as a whole. The signature (ECDSA on
 * P-256 with SHA-256, in DER and base64) is over the time as it stands in its header and the body byte for byte, with
 * the line end behind it ("Getting Started with the Event Webhook Security Features", and its libraries).
 */
export function openWebhook({ raw, headers }: Request, keys: readonly KeyObject[], now: Ms): Opened {
  const signed = signatureIn(headers);
  if (keys.length === 0) return forged(NO_KEY);
  if (signed === null) return forged('it is not signed: "Signed Event Webhook" has to be enabled at SendGrid');
  if (!isSignedBy(keys, signed, raw)) return forged('the signature is wrong');
  const signedAt = Number(signed.timestamp) * SECOND;
  if (Math.abs(now - signedAt) > WINDOW)
    return { ...forged('the signature is older than a day, or from the future'), signedAt };
  const list = isUtf8(raw) ? jsonIn(raw.toString('utf8')) : undefined;
  if (!Array.isArray(list)) return { kind: 'unusable', detail: 'the body is no JSON list of events' };
  return { kind: 'events', events: list.map(openedOf) };
}

/** SendGrid repeats a post for a day: time to name the key. */
const NO_KEY = 'webhooks of SendGrid are refused: SECONDARY names no key for them (sendgrid://…?signing=PUBLIC_KEY)';

const forged = (detail: string) => ({ kind: 'forged', detail }) as const;

type Signed = { timestamp: string; signature: Buffer };

function signatureIn(headers: IncomingHttpHeaders): Signed | null {
  const timestamp = headers['x-twilio-email-event-webhook-timestamp'];
  const signature = headers['x-twilio-email-event-webhook-signature'];
  if (typeof timestamp !== 'string' || typeof signature !== 'string') return null;
  return { timestamp, signature: Buffer.from(signature, 'base64') };
}

/** Nothing separates the time from the body in what is signed: only exactly ten digits keep one from moving over. */
function isSignedBy(keys: readonly KeyObject[], { timestamp, signature }: Signed, raw: Buffer): boolean {
  if (!/^[0-9]{10}$/.test(timestamp)) return false;
  const text = Buffer.concat([Buffer.from(timestamp), raw]);
  return keys.some((key) => verify('sha256', text, key, signature));
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Each by itself: an entry that can't be read is kept as what it is, and holds up no other. */
function openedOf(entry: unknown): OpenedEvent {
  const body = textOf(entry);
  const sighting = reopen(body);
  const { at, eventKey } = sighting ?? { at: 0, eventKey: sha256(body) };
  return { replayKey: keyInTime(at, eventKey), body, contentType: TYPE, sighting };
}

function textOf(entry: unknown): string {
  try {
    return JSON.stringify(entry);
  } catch (error) {
    // It is too deep to be written, and such a one is no event.
    if (error instanceof RangeError) return 'null';
    throw error;
  }
}

/** Reads a kept event. The signature is not checked again. */
export const reopen = (body: string): Sighting | null => readEvent(jsonIn(body));

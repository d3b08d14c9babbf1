import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { keyInTime } from '../../base/ids.ts';
import type { Sighting } from '../../core/sighting.ts';
import { isObject, momentOf } from '../common/fields.ts';
import type { Notice, Opened } from '../provider.ts';
import { readEvent } from './event.ts';

/** What a new webhook is tried with before it has a secret of its own. MailerSend publishes it: it proves nothing. */
const TEST_SECRET = 'test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G';
const TEST = 'webhook.test';

/** Bytes of such a test, which has three fields. What anybody may sign is not read if it is larger. */
const LARGEST_TEST = 4096;

/**
 * Checks and reads a webhook. The header `Signature` is the HMAC of the body as it was posted, so nobody can post anything
 * else with it; it says nothing of the time, so a replay is told by being the same again. MailerSend tries for three days
 * (developers.mailersend.com/api/v1/account/webhooks), and saves no webhook before its test was answered.
 *
 * `maintenance.start` and `maintenance.end` are kept without a sighting. Events about neither a mail nor that
 * (`recipient.on_hold_added`, `bulk_email.completed`, …) are answered, so that they are not posted again, and not kept.
 */
export function openWebhook(raw: Buffer, headers: IncomingHttpHeaders, secrets: readonly string[]): Opened {
  // One of their clients looks for the second name.
  const given = headers['signature'] ?? headers['x-mailersend-signature'];
  const signature = typeof given === 'string' && /^[0-9a-f]{64}$/i.test(given) ? Buffer.from(given, 'hex') : null;
  if (!signature) return { kind: 'forged', detail: 'it has no signature' };
  const isBy = (secret: string) => timingSafeEqual(hmacOf(raw, secret), signature);
  const isOurs = secrets.map(isBy).includes(true);
  if (!isOurs && (raw.length > LARGEST_TEST || !isBy(TEST_SECRET)))
    return { kind: 'forged', detail: 'the signature is wrong' };
  const body = bodyIn(raw);
  if (typeof body === 'string') return { kind: 'unusable', detail: body };
  if (body.json['type'] === TEST) return { kind: 'events', events: [] };
  if (!isOurs) return { kind: 'forged', detail: 'the secret of tests signs nothing else' };
  const { type } = body.json;
  if (typeof type !== 'string') return { kind: 'unusable', detail: 'it names no event' };
  if (!KEPT.test(type)) return { kind: 'events', events: [] };
  const sighting = readEvent(body.json);
  const at = sighting?.at ?? momentOf(body.json['created_at']) ?? 0;
  const replayKey = keyInTime(at, signature.toString('hex'));
  return { kind: 'events', events: [{ replayKey, body: body.text, contentType: 'application/json', sighting }] };
}

const KEPT = /^(?:activity|maintenance)\./;

const hmacOf = (raw: Buffer, secret: string): Buffer => createHmac('sha256', secret).update(raw).digest();

/** Reads a kept event. The signature is not checked again. */
export function reopen(text: string): Sighting | null {
  const body = bodyIn(Buffer.from(text));
  return typeof body === 'string' ? null : readEvent(body.json);
}

/** What it says of MailerSend itself (developers.mailersend.com/guides/handling-maintenance-modes). */
export function noticeIn(text: string): Notice | null {
  const body = bodyIn(Buffer.from(text));
  if (typeof body === 'string') return null;
  const { type, created_at } = body.json;
  const maintenance = type === 'maintenance.start' ? 'begins' : type === 'maintenance.end' ? 'ends' : null;
  return maintenance && { at: momentOf(created_at) ?? 0, maintenance };
}

const STRICT = new TextDecoder('utf-8', { fatal: true });

/** What a body says, and the same as a database keeps it; or why it can't be read. */
function bodyIn(raw: Buffer): { json: Readonly<Record<string, unknown>>; text: string } | string {
  try {
    const text = STRICT.decode(raw);
    const json: unknown = JSON.parse(text);
    return isObject(json) && !text.includes('\0') ? { json, text } : 'the JSON is no object';
  } catch {
    return 'the body is not JSON in clean UTF-8';
  }
}

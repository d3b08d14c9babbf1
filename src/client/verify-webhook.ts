import { isSigned, keyIn } from '../base/signed-webhook.ts';
import { MINUTE, type Ms, SECOND } from '../core/time.ts';
import { invalid } from './check.ts';
import { HomingError } from './homing-error.ts';
import type { HomingEvent, WebhookHeaders } from './types.ts';

/** By so much the clocks of Homing and of the application may differ, and for so long a webhook may be on its way. */
const TOLERANCE: Ms = 5 * MINUTE;

/** See `Homing`. */
export function verifiedWebhook(
  headers: WebhookHeaders,
  body: string | Uint8Array,
  secret: string | readonly string[],
  now: Ms,
): HomingEvent {
  const secrets = secretsIn(secret);
  if (typeof body !== 'string' && !(body instanceof Uint8Array))
    throw invalid(
      'verifyWebhook needs the body as it came, as text or bytes: one that was parsed has lost what was signed',
    );
  const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) => header(headers, `webhook-${name}`));
  if (!id || !timestamp || !signature)
    throw unverified('it has no headers webhook-id, webhook-timestamp and webhook-signature');
  const at = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : null;
  if (at === null) throw unverified('its time is no number');
  if (!isSigned({ id, at, body }, signature, secrets))
    throw unverified('none of its signatures was made with this secret for this body');
  if (Math.abs(now - at * SECOND) > TOLERANCE)
    throw unverified('it was signed more than five minutes ago, or ahead: it is a repetition, or a clock is wrong');
  return eventIn(body);
}

const unverified = (why: string): HomingError => new HomingError('unverified', `this is no webhook of Homing: ${why}`);

function secretsIn(given: string | readonly string[]): string[] {
  const secrets = [given]
    .flat()
    .flatMap((one: unknown) => String(one ?? '').split(','))
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (secrets.length === 0 || secrets.some((one) => keyIn(one) === null))
    throw invalid('verifyWebhook needs the secret of EVENTS_WEBHOOK_SECRET: whsec_ and 24 to 64 bytes in base64');
  return secrets;
}

/** One that came twice is none. */
function header(headers: WebhookHeaders, name: string): string | null {
  if (typeof headers !== 'object' || headers === null) throw invalid('verifyWebhook needs the headers of the request');
  if (typeof headers.get === 'function') return headers.get(name);
  const found = Object.entries(headers).filter(([given]) => given.toLowerCase() === name);
  const [value, ...more] = found.flatMap(([, one]) => one);
  return typeof value === 'string' && more.length === 0 ? value : null;
}

function eventIn(body: string | Uint8Array): HomingEvent {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as HomingEvent;
  } catch {
    throw unverified('its body is no JSON');
  }
}

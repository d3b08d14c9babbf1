import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Hint } from '../../core/hint.ts';
import type { Ms } from '../../core/time.ts';
import { type Fields, isObject, objectOf, words } from '../common/fields.ts';
import type { OpenedAlert } from '../provider.ts';

/**
 * Checks and reads an alert of Mailgun's own: of a threshold of the account, or of a block list. The header `X-Sign` is the
 * HMAC of the body as it was posted, with a key that is not the one of event webhooks
 * (documentation.mailgun.com, Optimize, Alerts). The form of the body is not documented, so it is looked through for what
 * alerts are made of.
 */
export function openAlert(
  { raw, headers }: { raw: Buffer; headers: IncomingHttpHeaders },
  keys: readonly string[],
  now: Ms,
): OpenedAlert {
  const given = headers['x-sign'];
  const sign = typeof given === 'string' && /^[0-9a-f]{64}$/i.test(given) ? Buffer.from(given, 'hex') : null;
  const isOurs = sign !== null && keys.map((key) => timingSafeEqual(hmacOf(raw, key), sign)).includes(true);
  return isOurs ? readAlert(raw, now) : { kind: 'forged', detail: 'the signature is missing or wrong' };
}

export function readAlert(raw: Buffer, now: Ms): OpenedAlert {
  try {
    return { kind: 'hint', hint: hintIn(objectOf(JSON.parse(raw.toString())), now) };
  } catch {
    return { kind: 'unusable', detail: 'the body is not JSON' };
  }
}

const hmacOf = (raw: Buffer, key: string): Buffer => createHmac('sha256', key).update(raw).digest();

/** What falls when Mailgun is in trouble. Rates of bounces and complaints tell of our own list of recipients. */
const METRICS: ReadonlySet<string> = new Set(['delivered_rate', 'temporary_fail_rate']);
const LISTED: ReadonlySet<string> = new Set(['ip_listed', 'domain_listed']);

/** Mailgun tells of no end: a hint ends by itself. */
function hintIn(body: Fields, at: Ms): Hint | null {
  const parts = [body, ...Object.values(body).filter(isObject)];
  const find = (name: string) => parts.map((part) => words(part[name], 60)).find((one) => one !== null) ?? null;
  const [metric, event] = [find('metric'), find('event_type') ?? find('event') ?? find('type')];
  const about = metric !== null && METRICS.has(metric) ? metric : event !== null && LISTED.has(event) ? event : null;
  if (about === null) return null;
  const called = find('name');
  const named = called === null ? '' : ` "${called}"`;
  return { name: `alert ${about}${named}`, says: `an alert of its own${named} tells of ${about}`, at, isOver: false };
}

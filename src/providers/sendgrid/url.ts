import { createPublicKey, type KeyObject } from 'node:crypto';
import { isLoopback } from '../../base/loopback.ts';

/**
 * `sendgrid://API_KEY@api.sendgrid.com?signing=PUBLIC_KEY`; the host is that of the region (`api.eu.sendgrid.com` in the
 * EU). Switches:
 *
 * - `signing=`: the verification key that SendGrid shows for its signed event webhook, several times while it is being
 *   changed; `secret=` is the same by another name;
 * - `api=http://127.0.0.1:8080`: another origin of the API, on this machine only.
 */
export type SendGridUrl = {
  /** As it was written. */
  host: string;
  apiUrl: string;
  key: string;
  signingKeys: readonly KeyObject[];
};

const SWITCHES = new Set(['signing', 'secret', 'api']);
const SHAPE = 'sendgrid://API_KEY@api.sendgrid.com?signing=PUBLIC_KEY';

/** Throws with a message that quotes no part of the URL: any piece of a wrong one may be a piece of the key. */
export function parseSendGridUrl(text: string): SendGridUrl {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url === null || url.protocol !== 'sendgrid:') throw bad('it is not a URL');
  if (url.hash !== '' || !['', '/'].includes(url.pathname)) throw bad('it must end after the host and the switches');
  for (const name of url.searchParams.keys())
    if (!SWITCHES.has(name)) throw bad('it knows the switches "signing", "secret" and "api" only');
  const host = hostOf(url);
  return {
    host,
    apiUrl: apiOf(url.searchParams) ?? `https://${host}`,
    key: keyOf(url),
    signingKeys: ['signing', 'secret'].flatMap((name) => url.searchParams.getAll(name)).map(signingKeyOf),
  };
}

const bad = (problem: string): Error =>
  new Error(`SendGrid URL: ${problem} (expected ${SHAPE}; write / ? # @ : % + as %2F %3F %23 %40 %3A %25 %2B)`);

function hostOf({ host }: URL): string {
  const name = host.toLowerCase();
  if (/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?$/.test(name)) return name;
  throw bad('it has no valid host');
}

function keyOf({ username, password }: URL): string {
  if (username === '' || password !== '') throw bad('it must have the API key alone before the @');
  const key = decoded(username);
  if (!/^[\x21-\x7e]+$/.test(key)) throw bad('its API key must be plain ASCII without spaces');
  return key;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad('its API key has a stray %'); // the cause would quote it
  }
}

function apiOf(switches: URLSearchParams): string | null {
  const [given, ...others] = switches.getAll('api');
  if (given === undefined) return null;
  const api = others.length === 0 && URL.canParse(given) ? new URL(given) : null;
  if (api === null || !/^https?:$/.test(api.protocol) || api.username !== '' || api.search !== '' || api.hash !== '')
    throw bad('the switch "api" must be one plain http(s) URL');
  if (!isLoopback(api.hostname.replace(/^\[|\]$/g, ''))) throw bad('the switch "api" must lead to this machine');
  return api.href.replace(/\/+$/, '');
}

/** Base64 of the key as SPKI in DER, on the curve P-256. Its `+` reads as a blank where nobody has escaped it. */
function signingKeyOf(text: string): KeyObject {
  const key = publicKeyIn(text.replaceAll(' ', '+'));
  if (key?.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  throw bad('the switch "signing" must be the verification key of the signed event webhook, as SendGrid shows it');
}

function publicKeyIn(base64: string): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
  } catch {
    return null; // no key at all
  }
}

import { asciiLower } from '../../core/address.ts';

export type StoredAt = {
  /** `storage.url` of an event. Mailgun's signature does not cover it: anybody may have written it. */
  url: string | null;
  /** `storage.key` of the event. */
  key: string | null;
  /** Our own record of the domain. */
  domain: string;
  apiUrl: string;
  allowedHosts: readonly string[];
};

export type Targets = {
  /** Addresses of the stored copy, to be tried in this order. */
  targets: string[];
  /** Why the URL of the event is not among them. */
  problem: string | null;
};

const MESSAGE_URL =
  /^(https?):\/\/([a-z0-9.-]{1,253})(?::([0-9]{1,5}))?\/(v[23])\/domains\/([\w.%-]+)\/messages\/([\w.~%!$&'()*+,;=:@-]+)$/i;
const KEY = /^[A-Za-z0-9_=.~-]{1,512}$/;

/**
 * Where the stored copy of a message may be asked for. The API key goes there, so nothing of the URL is used as it
 * came: its parts are checked and put together again. With a foreign host or path there is no target at all, because
 * then nothing in the event can be trusted. With an odd key the API base is tried with the key of the event.
 */
export function storageTargets({ url, key, domain, apiUrl, allowedHosts }: StoredAt): Targets {
  const place = `/domains/${encodeURIComponent(domain)}/messages/`;
  const base = `${apiUrl.replace(/\/+$/, '')}/v3${place}`;
  const own = key !== null && isKey(key) ? [base + key] : [];
  if (url === null || url === '') return { targets: own, problem: own.length === 0 ? 'no stored copy is known' : null };
  const [, scheme, host, port, version, inDomain, segment] = MESSAGE_URL.exec(url) ?? [];
  if (!scheme || !host || !version || !inDomain || !segment) return none('it is not the URL of a message');
  const origin = `${scheme}://${host}${port === undefined ? '' : `:${port}`}`.toLowerCase();
  if (!isAllowedOrigin(origin, allowedHosts)) return none('its host is not among the allowed ones');
  if (asciiLower(decoded(inDomain) ?? '') !== asciiLower(domain)) return none('it is a URL of another domain');
  const tail = decoded(segment);
  if (tail === null || /[/\\%?#\s\p{Cc}]|\.\.|^\.$/u.test(tail)) return none('it leads out of the messages');
  if (!isKey(tail)) return { targets: own, problem: 'the storage URL has no usable key' };
  const given = `${origin}/${version.toLowerCase()}${place}${tail}`;
  // In some of Mailgun's samples the key is not the last part of the URL. Nothing says which of the two the API base
  // wants, so both are tried.
  return { targets: [...new Set([given, base + tail, ...own])], problem: null };
}

const none = (why: string): Targets => ({ targets: [], problem: `the storage URL is refused: ${why}` });

const isKey = (key: string): boolean => KEY.test(key) && !key.includes('..') && key !== '.';

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

/**
 * Whether the API key may go there: `host` and `*.host` (any name below it) mean https on its usual port, `host:port`
 * just that port, over https or plain http.
 */
export function isAllowedOrigin(origin: string, allowedHosts: readonly string[]): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname, port } = new URL(origin);
  if (protocol !== 'https:' && protocol !== 'http:') return false;
  const withPort = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
  const isPlain = protocol === 'https:' && port === '';
  return allowedHosts.map(asciiLower).some((allowed) => {
    if (allowed === withPort) return true;
    return isPlain && (allowed.startsWith('*.') ? hostname.endsWith(allowed.slice(1)) : hostname === allowed);
  });
}

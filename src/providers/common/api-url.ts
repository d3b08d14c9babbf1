import { secret } from '../../base/kinds.ts';
import { isLoopback } from '../../base/loopback.ts';

/** What there is to say of the URLs of one provider. */
export type ApiUrlKind = {
  /** Without its colon. */
  scheme: string;
  provider: string;
  /** What stands before the @. */
  key: string;
  /** Beside `api`. */
  switches: readonly string[];
  shape: string;
};

export type ApiUrl = {
  key: string;
  /** In lower case, with its port. */
  host: string;
  apiUrl: string;
  /** The values of a switch, decoded, in their order. */
  valuesOf(name: string): string[];
};

/**
 * `scheme://KEY@host?switches`, percent-encoded. The switch `api=http://127.0.0.1:8080` names another origin of the API, on
 * this machine only: the key goes nowhere else than to the provider, and to what stands in for it here.
 *
 * Throws with a message that quotes no part of the URL: any piece of a wrong one may be a piece of the key.
 */
export function parseApiUrl(text: string, kind: ApiUrlKind): ApiUrl {
  const bad = (problem: string) => badUrl(kind, problem);
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url?.protocol !== `${kind.scheme}:`) throw bad('it is not a URL');
  if (url.hash !== '' || !['', '/'].includes(url.pathname)) throw bad('it must end after the host and the switches');
  if (url.username === '' || url.password !== '') throw bad(`it must have the ${kind.key} alone before the @`);
  const host = url.host.toLowerCase();
  if (!HOST.test(host)) throw bad('it has no valid host');
  const switches = switchesIn(url.search, kind);
  const valuesOf = (name: string) => switches.flatMap(([other, value]) => (other === name ? [value] : []));
  const key = decoded(url.username, kind);
  if (!isSecret(key)) throw bad(`its ${kind.key} ${PLAIN}`);
  return { key, host, apiUrl: originIn(valuesOf('api'), kind) ?? `https://${host}`, valuesOf };
}

export const badUrl = ({ provider, shape }: ApiUrlKind, problem: string): Error =>
  new Error(
    `${provider} URL: ${problem} (expected ${shape}; write / ? # @ : , & and % as %2F %3F %23 %40 %3A %2C %26 %25)`,
  );

/** Whether it can be sent in a header, or hashed byte by byte, and is what was meant. */
export const isSecret = (text: string): boolean => text !== '' && secret.safeParse(text).success;
export const PLAIN = 'must be plain ASCII without spaces, line ends and quotes';

const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?$/;

/** Not by URLSearchParams, for which a `+` in a secret is a blank. */
function switchesIn(search: string, kind: ApiUrlKind): [name: string, value: string][] {
  const known = [...kind.switches, 'api'];
  const parts = search.slice(1).split('&').filter(Boolean);
  return parts.map((part) => {
    const [name = '', ...value] = part.split('=');
    if (!known.includes(name))
      throw badUrl(kind, `it knows the switches ${known.map((n) => `"${n}"`).join(', ')} only`);
    return [name, decoded(value.join('='), kind)];
  });
}

function decoded(text: string, kind: ApiUrlKind): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(kind, 'it has a stray %'); // the cause would quote it
  }
}

function originIn([given, ...others]: readonly string[], kind: ApiUrlKind): string | null {
  if (given === undefined) return null;
  const api = others.length === 0 && URL.canParse(given) ? new URL(given) : null;
  if (api === null || !/^https?:$/.test(api.protocol) || api.username !== '' || api.search !== '' || api.hash !== '')
    throw badUrl(kind, 'the switch "api" must be one plain http(s) URL');
  if (!isLoopback(api.hostname.replace(/^\[|\]$/g, '')))
    throw badUrl(kind, 'the switch "api" must lead to this machine');
  return api.href.replace(/\/+$/, '');
}

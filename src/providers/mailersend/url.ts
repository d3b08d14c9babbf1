import { secret } from '../../base/kinds.ts';
import { isLoopback } from '../../base/loopback.ts';

/**
 * `mailersend://TOKEN@api.mailersend.com?signing=SECRET`, token and secret percent-encoded. Switches:
 *
 * - `signing=`: what the webhooks are signed with; several times while it is being changed, or where each of several
 *   domains has a webhook of its own. `secret=` is the same by another name;
 * - `headers=1`: the plan of the account allows headers of one's own (Professional and Enterprise);
 * - `api=http://127.0.0.1:8080`: another origin of the API, on this machine only.
 */
export type MailersendUrl = { token: string; secrets: readonly string[]; keepsHeaders: boolean; apiUrl: string };

const SWITCHES = ['signing', 'secret', 'headers', 'api'];
const SHAPE = 'mailersend://TOKEN@api.mailersend.com?signing=SECRET';

/** Throws with a message that quotes no part of the URL: any piece of a wrong one may be a piece of the token. */
export function parseMailersendUrl(text: string): MailersendUrl {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url?.protocol !== 'mailersend:') throw bad('it is not a URL');
  if (url.hash !== '' || !['', '/'].includes(url.pathname)) throw bad('it must end after the host and the switches');
  if (url.username === '' || url.password !== '') throw bad('it must have the token alone before the @');
  const switches = switchesIn(url.search);
  const valuesOf = (name: string) => switches.flatMap(([other, value]) => (other === name ? [value] : []));
  return {
    token: secretIn(url.username, 'token'),
    secrets: ['signing', 'secret'].flatMap(valuesOf).map((value) => secretIn(value, 'signing secret')),
    keepsHeaders: keepsHeaders(valuesOf('headers')),
    apiUrl: apiIn(valuesOf('api')) ?? `https://${hostOf(url)}`,
  };
}

const bad = (problem: string): Error =>
  new Error(
    `MailerSend URL: ${problem} (expected ${SHAPE}; write / ? # @ : , & and % as %2F %3F %23 %40 %3A %2C %26 %25)`,
  );

function hostOf({ host }: URL): string {
  const name = host.toLowerCase();
  if (/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?$/.test(name)) return name;
  throw bad('it has no valid host');
}

/** Not by URLSearchParams, for which a `+` in a secret is a blank. */
function switchesIn(search: string): [name: string, value: string][] {
  const parts = search
    .slice(1)
    .split('&')
    .filter((part) => part !== '');
  return parts.map((part) => {
    const [name = '', ...value] = part.split('=');
    if (!SWITCHES.includes(name)) throw bad('it knows the switches "signing", "secret", "headers" and "api" only');
    return [name, value.join('=')];
  });
}

function secretIn(encoded: string, what: string): string {
  const text = decoded(encoded);
  if (text !== '' && secret.safeParse(text).success) return text;
  throw bad(`its ${what} must be plain ASCII without spaces, line ends and quotes`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad('it has a stray %'); // the cause would quote it
  }
}

function keepsHeaders(values: readonly string[]): boolean {
  const [given = '0', ...others] = values;
  if (others.length === 0 && (given === '0' || given === '1')) return given === '1';
  throw bad('the switch "headers" must be "1"');
}

/** The token goes nowhere else than to the provider, and to what stands in for it here. */
function apiIn([given, ...others]: readonly string[]): string | null {
  if (given === undefined) return null;
  const text = decoded(given);
  const api = others.length === 0 && URL.canParse(text) ? new URL(text) : null;
  if (api === null || !/^https?:$/.test(api.protocol) || api.username !== '' || api.search !== '' || api.hash !== '')
    throw bad('the switch "api" must be one plain http(s) URL');
  if (!isLoopback(api.hostname.replace(/^\[|\]$/g, ''))) throw bad('the switch "api" must lead to this machine');
  return api.href.replace(/\/+$/, '');
}

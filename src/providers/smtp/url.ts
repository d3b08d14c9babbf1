import { isIP } from 'node:net';
import { isLoopback } from '../../base/loopback.ts';

/**
 * `smtp://user:pass@host:587` asks for STARTTLS and a certificate that verifies; `smtps://` speaks TLS from the first
 * byte. Switches:
 *
 * - `tls=required` (default), `tls=optional` (STARTTLS where it is offered) or `tls=off`, for `smtp://` only;
 * - `insecure=1`: TLS, but any certificate will do;
 * - `name=mail.example.com`: what we call ourselves in EHLO.
 *
 * On a loopback address the default is `tls=optional`: what goes there never leaves the machine, and the relays and
 * sinks found there seldom have a certificate for 127.0.0.1. Where TLS is offered it is used, and verified.
 */
export type RelayUrl = {
  host: string;
  port: number;
  tls: 'implicit' | 'required' | 'optional' | 'off';
  /** Whether any certificate will do. */
  insecure: boolean;
  name: string | null;
  login: { user: string; pass: string } | null;
};

const SWITCHES = new Set(['tls', 'insecure', 'name']);
const SHAPE = 'smtp://user:password@host:587';

/**
 * Throws with a message that quotes no part of the URL: in one with an unescaped `#`, `?` or `/` in its password, the
 * pieces that look like host, port or switch are pieces of the password.
 */
export function parseRelayUrl(text: string): RelayUrl {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url === null) throw bad('it is not a URL');
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') throw bad('it must begin with smtp:// or smtps://');
  if (url.hash !== '' || !['', '/'].includes(url.pathname)) throw bad('it must end after the port and the switches');
  const host = hostOf(url);
  return {
    host,
    port: portOf(url),
    tls: tlsOf(url, host),
    insecure: isInsecure(url),
    name: nameOf(url),
    login: loginOf(url),
  };
}

function bad(problem: string): Error {
  return new Error(
    `SMTP URL: ${problem} (expected ${SHAPE}; in user and password write / ? # @ : and % as %2F %3F %23 %40 %3A %25)`,
  );
}

function hostOf(url: URL): string {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(host) > 0 || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(host)) return host;
  throw bad('it has no valid host');
}

function portOf(url: URL): number {
  if (url.port === '') return url.protocol === 'smtps:' ? 465 : 587;
  const port = Number(url.port);
  if (port === 0) throw bad('its port must be 1 to 65535');
  return port;
}

function tlsOf(url: URL, host: string): RelayUrl['tls'] {
  const asked = switchOf(url, 'tls');
  if (url.protocol === 'smtps:') {
    if (asked !== null) throw bad('the switch "tls" goes with smtp://, smtps:// is always TLS');
    return 'implicit';
  }
  if (asked === null) return isLoopback(host) ? 'optional' : 'required';
  if (asked === 'required' || asked === 'optional' || asked === 'off') return asked;
  throw bad('the switch "tls" must be "required", "optional" or "off"');
}

function isInsecure(url: URL): boolean {
  const asked = switchOf(url, 'insecure');
  if (asked === null || asked === '0') return false;
  if (asked === '1' || asked === '') return true;
  throw bad('the switch "insecure" must be "1"');
}

function nameOf(url: URL): string | null {
  const name = switchOf(url, 'name');
  if (name === null || /^[a-zA-Z0-9.:[\]-]{1,255}$/.test(name)) return name;
  throw bad('the switch "name" must be a host name');
}

function switchOf(url: URL, name: string): string | null {
  for (const key of url.searchParams.keys()) {
    if (!SWITCHES.has(key)) throw bad('it knows the switches "tls", "insecure" and "name" only');
  }
  const values = url.searchParams.getAll(name);
  if (values.length > 1) throw bad(`the switch "${name}" may be given once`);
  return values[0] ?? null;
}

function loginOf(url: URL): RelayUrl['login'] {
  if (url.username === '' && url.password === '') return null;
  if (url.username === '' || url.password === '') throw bad('it must have both user and password, or neither');
  try {
    return { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  } catch {
    throw bad('its user or password has a stray %'); // the cause would quote it
  }
}

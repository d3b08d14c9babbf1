import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** A SQLite file, or a server that speaks MySQL's protocol. */
export type DatabaseUrl = { kind: 'sqlite'; file: string } | ServerUrl;

/** `others` are further servers of the same database, any of which may be asked in place of the first. */
export type ServerUrl = { kind: 'mysql'; others: readonly Server[] } & Server;

export type Server = {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** How the connection is encrypted; null when it goes in the clear. */
  tls: Tls | null;
};

export type Tls = {
  /** Certificates (PEM) that the server's certificate must come from; if not given, those that Node trusts. */
  ca?: string;
  /** Whether the certificate is checked, for its origin and for the name of the host. */
  rejectUnauthorized: boolean;
  verifyIdentity: boolean;
};

/** What the URL of a database must be. */
export const FORM = 'must be sqlite:./file or mysql://user:pass@host:3306/database';
const OPTIONS = ['ssl', 'tls', 'ssl-ca', 'ssl-verify'];

/** What is wrong with the URL of a database, without repeating any of it; null when nothing is. */
export function databaseProblem(url: string): string | null {
  try {
    const place = parseDatabaseUrl(url);
    return place.kind === 'mysql' && place.database === '' ? FORM : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Tells databases apart for outsiders, without saying where they are; `who` tells those apart that have the same place. */
export function digestOf(url: string, who: string): string {
  const place = parseDatabaseUrl(url);
  const servers = place.kind === 'sqlite' ? [] : [place, ...place.others].map(placeOf).sort();
  const where = place.kind === 'sqlite' ? place.file : `${servers.join(',')}/${place.database}`;
  return createHash('sha256').update(`${who} ${where}`).digest('hex').slice(0, 16);
}

/**
 * `sqlite:./file`, `sqlite::memory:` or `mysql://user:pass@host:3306/name` (also `mariadb:`), with several hosts as
 * `host1:3306,host2:3306`, for TLS with `?ssl=true`, `ssl-ca=file` and `ssl-verify=false` behind it. Throws an error that
 * repeats nothing of the URL.
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  const file = /^sqlite:(?:\/\/)?(.+)$/s.exec(url)?.[1];
  if (file !== undefined) return { kind: 'sqlite', file };
  if (!/^(mysql|mariadb):\/\//.test(url)) throw new Error(FORM);
  const [first, ...others] = urlsIn(url).map(serverIn);
  if (first === undefined) throw new Error(FORM);
  const all = [first, ...others].map(placeOf);
  if (new Set(all).size < all.length) throw new Error('names one of its servers twice');
  return { kind: 'mysql', ...first, others };
}

const HOSTS = /^((?:mysql|mariadb):\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/s;

/** A URL has one host. One with several is as many URLs. */
function urlsIn(url: string): string[] {
  const [, start = '', hosts = '', end = ''] = HOSTS.exec(url) ?? [];
  if (!hosts.includes(',')) return [url];
  const names = hosts.split(',').map((host) => host.trim());
  if (names.length > MOST_HOSTS) throw new Error(`names more than ${MOST_HOSTS} servers`);
  if (names.includes('')) throw new Error('has a comma between its hosts with no host beside it');
  return names.map((name) => `${start}${name}${end}`);
}

const MOST_HOSTS = 9;

/** Of one server: where it is, without its login. */
export const placeOf = ({ host, port }: Pick<Server, 'host' | 'port'>): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Where a database is, without its login: what people may see of it. */
export function nameOf(place: ServerUrl): string {
  return `mysql://${[place, ...place.others].map(placeOf).join(',')}/${place.database}`;
}

/** The same servers with another database. */
export function withDatabase(url: string, name: string): string {
  const [, start = '', hosts = '', end = ''] = HOSTS.exec(url) ?? [];
  return `${start}${hosts}/${encodeURIComponent(name)}${/\?.*$/s.exec(end)?.[0] ?? ''}`;
}

function serverIn(url: string): Server {
  const { hostname, port, username, password, pathname, search, hash } = partsOf(url);
  const database = pathname.slice(1);
  // An unescaped "/", "?" or "#" in the password ends the part with the host, and the rest of the password would be
  // taken for the database or an option.
  if (hostname === '' || /[@/]/.test(database) || search.includes('@') || hash !== '') throw new Error(unescaped());
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port ? Number(port) : 3306,
    user: decoded(username),
    password: decoded(password),
    database: decoded(database),
    tls: tlsIn(new URLSearchParams(search), hostname),
  };
}

/** Whether it is a database that ends with its connection. */
export function isInMemory(url: string): boolean {
  const place = parseDatabaseUrl(url);
  return place.kind === 'sqlite' && place.file === ':memory:';
}

function partsOf(url: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new Error(unescaped());
}

const unescaped = (): string =>
  `${FORM}; in a user name or password write / as %2F, ? as %3F, # as %23, @ as %40 and % as %25`;

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error(unescaped());
  }
}

function tlsIn(options: URLSearchParams, hostname: string): Tls | null {
  const unknown = [...options.keys()].find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    // Named only when it looks like the name of an option: anything else may be the end of a password.
    const name = /^[a-z][a-z-]{0,30}$/i.test(unknown) ? ` "${unknown}"` : '';
    throw new Error(`has an option${name} that is not known; known are ${OPTIONS.join(', ')}`);
  }
  const ca = options.get('ssl-ca');
  const isChecked = flag(options, 'ssl-verify') ?? true;
  const isAsked = flag(options, 'ssl') ?? flag(options, 'tls');
  if (isAsked === false && (ca !== null || options.has('ssl-verify')))
    throw new Error('asks for no TLS, and says how to check it: leave one of them out');
  if (isAsked === undefined && ca === null && !options.has('ssl-verify')) return null;
  if (isAsked === false) return null;
  // The driver would check the certificate of an address against the name "localhost".
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  if (isChecked && isAddress && ca === null)
    throw new Error('names its server by an address, which no public certificate is for: give a host name or ssl-ca');
  return {
    ...(ca === null ? {} : { ca: certificatesIn(ca) }),
    rejectUnauthorized: isChecked,
    verifyIdentity: isChecked && !isAddress,
  };
}

function flag(options: URLSearchParams, name: string): boolean | undefined {
  const value = options.get(name);
  if (value === null) return undefined;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Error(`has an option "${name}" that must be true or false`);
}

function certificatesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new Error(`has an option "ssl-ca" whose file can't be read${code}`);
  }
}

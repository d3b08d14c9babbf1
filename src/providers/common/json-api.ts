import { Agent } from 'undici';
import { type Deadline, sooner } from '../../base/deadline.ts';
import type { Ms } from '../../core/time.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { withoutSecrets } from './secrets.ts';

export type JsonApiOptions = {
  /** Origin of the API, perhaps with a path before that of a call. */
  apiUrl: string;
  /** Sent as `Authorization: Bearer`. */
  key: string;
  /** For one call as a whole. */
  timeout: Ms;
  connections: number;
};

/**
 * An API that takes JSON and a bearer token. Redirects are not followed, nothing is repeated or unpacked, every call has
 * limits of time and size, and the key goes to this origin alone. Trouble is an answer and never thrown.
 */
export type JsonApi = {
  post(path: string, body: unknown, until?: Deadline): Promise<Exchanged>;
  get(path: string, query?: Readonly<Record<string, string>>, until?: Deadline): Promise<Exchanged>;
  close(): Promise<void>;
};

const ANSWER_LIMIT = 1024 * 1024;

export function createJsonApi({ apiUrl, key, timeout, connections }: JsonApiOptions): JsonApi {
  const base = apiUrl.replace(/\/+$/, '');
  const agent = new Agent({
    connections,
    pipelining: 1,
    // Off, because the deadline of the call covers both, and is exact.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: Math.ceil(timeout / 3), rejectUnauthorized: true },
  });
  const always = {
    authorization: `Bearer ${key}`,
    // Without it some answer a mistake with a page or a redirect, and some every call with a 406.
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'homing',
  };
  const ask = async (url: string, body: string | null, until: Deadline | undefined): Promise<Exchanged> => {
    const headers: Record<string, string> = body === null ? always : { ...always, 'content-type': 'application/json' };
    const method = body === null ? 'GET' : 'POST';
    const deadline = sooner(timeout, until ?? null);
    const call = { url: new URL(url), method, headers, body, deadline, limit: ANSWER_LIMIT } as const;
    return withoutSecrets(await exchange(agent, call), [key]);
  };
  return {
    post: (path, body, until) => ask(base + path, JSON.stringify(body), until),
    get: (path, query, until) => ask(`${base}${path}${query ? `?${new URLSearchParams(query)}` : ''}`, null, until),
    close: () => agent.destroy(),
  };
}

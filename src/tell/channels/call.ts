import { Agent } from 'undici';
import { within } from '../../base/deadline.ts';
import { wordsOf } from '../../base/errors.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { type Exchanged, exchange } from '../../providers/common/exchange.ts';
import { bodyOf, type Reply, retryAfter, saidIn } from '../../providers/common/reply.ts';

/** For a call as a whole, and bytes of its answer. */
const PATIENCE: Ms = 10 * SECOND;
const LIMIT = 64 * 1024;

export type Calling = {
  url: string | URL;
  /** POST, unless it says otherwise. */
  method?: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string | null;
  /** Taken out of what the server says when it refuses. */
  secrets?: readonly string[];
  /** Where a server says what it does not like. */
  sayings?(body: Readonly<Record<string, unknown>>): readonly unknown[];
  patience?: Ms | undefined;
};

/**
 * A call that did not succeed. `status` is null when there was no answer, and `retryAfter`, how long the server asked to be
 * left alone, when it did not ask.
 */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
  readonly status: number | null;
  readonly retryAfter: Ms | null;
  constructor(message: string, status: number | null = null, wait: Ms | null = null) {
    super(message);
    this.status = status;
    this.retryAfter = wait;
  }
}

/**
 * One call of a URL of the configuration. Rejects with `NotTaken` unless it was answered with 2xx. Redirects are not
 * followed, time and size are limited, and errors hold nothing of the URL.
 */
export async function call({ url, method = 'POST', headers = {}, body = null, ...how }: Calling): Promise<void> {
  const { secrets = [], sayings = () => [], patience = PATIENCE } = how;
  const agent = new Agent({ connections: 1, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  try {
    const answer = await exchange(agent, {
      ...{ url: new URL(url), method, body, limit: LIMIT, deadline: within(patience) },
      headers: { 'user-agent': 'homing', 'accept-encoding': 'identity', ...headers },
    });
    check(answer, { secrets, sayings });
  } finally {
    await agent.destroy();
  }
}

/** A call of one of several. */
export type Place = { name: string; calling: Calling };

/**
 * Calls all of them, of which one that takes it is enough; says what went wrong with the others. Rejects when none does, and
 * then asks to be left alone for as long as all of them do.
 */
export async function callEach(places: readonly Place[]): Promise<string[]> {
  const asked = await Promise.allSettled(places.map(({ calling }) => call(calling)));
  const refused = asked.flatMap((one, i) =>
    one.status === 'rejected' ? [{ error: one.reason as unknown, name: places[i]?.name ?? '' }] : [],
  );
  const problems = refused.map(({ error, name }) => `${name}: ${wordsOf(error)}`);
  if (refused.length < places.length) return problems;
  if (refused.length === 1) throw refused[0]?.error;
  const waits = refused.map(({ error }) => (error instanceof NotTaken ? (error.retryAfter ?? 0) : 0));
  throw new NotTaken(problems.join('; '), null, Math.min(...waits) || null);
}

function check(answer: Exchanged, { secrets, sayings }: Required<Pick<Calling, 'secrets' | 'sayings'>>): void {
  if (answer.kind === 'silence') throw new NotTaken(`it did not answer: ${answer.why}`);
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw new NotTaken(`it answered ${status}, a redirect, which is not followed`, status);
  const said = wordsIn(hidden(answer, secrets), sayings);
  throw new NotTaken(`it answered ${status}: ${said}`, status, retryAfter(answer, said));
}

function wordsIn(reply: Reply, sayings: NonNullable<Calling['sayings']>): string {
  const body = bodyOf(reply);
  const isObject = typeof body === 'object' && body !== null;
  return saidIn(body, ...(isObject ? sayings(body as Record<string, unknown>) : []));
}

/** A shorter one may be a part of ordinary words. */
const SHORTEST_SECRET = 6;

/** Before anything is cut off: the beginning of a secret is one as well. */
function hidden(reply: Reply, secrets: readonly string[]): Reply {
  const shown = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  const text = shown.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), reply.body.toString('utf8'));
  return { ...reply, body: Buffer.from(text) };
}

/** The pieces of a URL that let somebody use it: of its path and of its query. An error page likes to show them. */
export function secretsIn(url: string): string[] {
  const { pathname, search } = new URL(url);
  const pieces = [...pathname.split('/'), ...search.slice(1).split(/[&=]/)];
  const read = pieces.flatMap((piece) => [piece, decoded(piece)]);
  return [...new Set(read)].sort((a, b) => b.length - a.length);
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    return piece;
  }
}

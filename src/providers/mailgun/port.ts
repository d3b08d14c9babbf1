import { DateTime } from 'luxon';
import { Agent } from 'undici';
import { type Deadline, sooner, within } from '../../base/deadline.ts';
import type { Answer } from '../../core/answer.ts';
import type { Ms } from '../../core/time.ts';
import type { FormEntry } from '../../mail/form.ts';
import { type Call, type Exchanged, exchange } from '../common/exchange.ts';
import { bodyOf, isAnswerOfEdge, timeOf } from '../common/reply.ts';
import { withoutSecrets } from '../common/secrets.ts';
import { answerTo } from './answers.ts';
import { type Fetched, readMime, worstOf } from './fetched.ts';
import type { Route, Use } from './route.ts';
import { isAllowedOrigin } from './storage.ts';
import { writeForm } from './write-form.ts';

export type PortOptions = {
  /** Origin of the API, perhaps with a path before `/v3`. */
  apiUrl: string;
  apiKey: string;
  /** For one call as a whole, however many targets it tries. */
  timeout: Ms;
  /** Hosts that the API key may go to, beside that of `apiUrl`; see `isAllowedOrigin`. */
  allowedHosts: readonly string[];
  /** What its calls are for, and the route that they share with those of other ports. */
  use?: Use;
  route?: Route;
  /** Told what the clock of the API says. */
  heardTime?: (theirs: Ms) => void;
  /** Sockets per host; further calls wait for one, within their time. */
  connections?: number;
};

export type PortReply = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON, or text. */
  body: unknown;
};

/** A question got no complete answer. `notSent`: no byte of it has left. `cut`: it was an answer, but broke off; `tooLarge`: there was
 * more of it than we read. */
export class PortError extends Error {
  override readonly name = 'PortError';
  /** `leftAlone`: it answered a call before this one that it wants to be left alone. */
  readonly kind: 'notSent' | 'leftAlone' | 'unanswered' | 'cut' | 'tooLarge';
  constructor(kind: PortError['kind'], detail: string) {
    const isSent = kind !== 'notSent' && kind !== 'leftAlone';
    super(`Mailgun could not be asked (${isSent ? 'no answer' : 'not sent'}): ${detail}`);
    this.kind = kind;
  }
}

export type Port = {
  /** Hands over a MIME message. The envelope is `to`, whatever the headers say. */
  sendMime(
    domain: string,
    mail: {
      to: string | readonly string[];
      mime: Buffer;
      fields?: Readonly<Record<string, string | readonly string[]>>;
    },
    until?: Deadline,
  ): Promise<Answer>;
  /** Hands over a message in parts. */
  send(domain: string, form: readonly FormEntry[], until?: Deadline): Promise<Answer>;
  /**
   * Has the stored copy sent again to one recipient, at `deliverAt` if given. The next target is tried only when the
   * one before has certainly not taken it.
   */
  repost(targets: readonly string[], mail: { to: string; deliverAt: Ms | null }, until?: Deadline): Promise<Answer>;
  fetchMime(targets: readonly string[], until?: Deadline): Promise<Fetched>;
  get(path: string, query?: Readonly<Record<string, string>>): Promise<PortReply>;
  postJson(path: string, body: unknown): Promise<PortReply>;
  postForm(path: string, fields: readonly (readonly [string, string])[]): Promise<PortReply>;
  del(path: string): Promise<PortReply>;
  close(): Promise<void>;
};

const ANSWER_LIMIT = 64 * 1024;
/** A page of 300 events with its headers is far beyond the limit of an answer. */
const LIST_LIMIT = 8 * 1024 * 1024;
/** A message has 25 MB at most; as a JSON string its line ends and quotes take twice their room. */
const MIME_LIMIT = 40 * 1024 * 1024;

type Request = Pick<Call, 'method'> & Partial<Pick<Call, 'headers' | 'body' | 'limit' | 'deadline'>>;
type Ask = (url: string, request: Request) => Promise<Exchanged>;

/**
 * The way to Mailgun. Redirects are not followed, nothing is repeated or unpacked, every call has limits of time and
 * size, and the API key goes only to allowed hosts, whatever URL is given. Proxies of the environment are not used.
 */
export function createPort(options: PortOptions): Port {
  const base = options.apiUrl.replace(/\/+$/, '');
  const agent = new Agent({
    connections: options.connections ?? 16,
    pipelining: 1,
    // Off, because the deadline of the call covers both, and is exact.
    headersTimeout: 0,
    bodyTimeout: 0,
    // A host that takes no connection leaves time for the next one.
    connect: { timeout: Math.ceil(options.timeout / 3), rejectUnauthorized: true },
  });
  const ask = createAsk(agent, options);
  const soon = (until: Deadline | undefined) => sooner(options.timeout, until ?? null);
  const handOver = async (path: string, form: readonly FormEntry[], until: Deadline | undefined) =>
    answerTo(await ask(base + path, { method: 'POST', ...writeForm(form), deadline: soon(until) }), 'send');
  const call = async (path: string, request: Request) =>
    replyOf(await ask(base + path, { limit: LIST_LIMIT, ...request }));
  return {
    sendMime: (domain, mail, until) =>
      handOver(`/v3/${encodeURIComponent(domain)}/messages.mime`, mimeForm(mail), until),
    send: (domain, form, until) => handOver(`/v3/${encodeURIComponent(domain)}/messages`, form, until),
    repost: (targets, mail, until) => repost(ask, targets, mail, soon(until)),
    fetchMime: (targets, until) => fetchMime(ask, targets, soon(until)),
    get: (path, query) => call(query ? `${path}?${new URLSearchParams(query)}` : path, { method: 'GET' }),
    postJson: (path, body) => call(path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) }),
    postForm: (path, fields) =>
      call(path, {
        method: 'POST',
        headers: FORM_TYPE,
        body: new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString(),
      }),
    del: (path) => call(path, { method: 'DELETE' }),
    close: () => agent.destroy(),
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

/** The only place where the key is added to a request, and therefore the one that checks where it goes. */
function createAsk(agent: Agent, options: PortOptions): Ask {
  const { apiUrl, apiKey, timeout, allowedHosts, route, use = 'questions' } = options;
  const api = new URL(apiUrl).origin;
  const isAllowed = (origin: string) =>
    (origin === api && origin.startsWith('https:')) || isAllowedOrigin(origin, allowedHosts);
  if (!isAllowed(api))
    throw new Error('plain http to the Mailgun API needs its host, with the port, among the allowed');
  const login = Buffer.from(`api:${apiKey}`).toString('base64');
  const authorization = `Basic ${login}`;
  return async (text, { method, headers = {}, body = null, limit = ANSWER_LIMIT, deadline }) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || !isAllowed(url.origin)) return { kind: 'silence', begun: false, why: 'the host is not allowed' };
    const always = { authorization, 'accept-encoding': 'identity', 'user-agent': 'homing' };
    const until = deadline ?? within(timeout);
    const wait = (await route?.enter(use, until)) ?? 0;
    if (wait > 0) return { kind: 'silence', begun: false, why: 'Mailgun asked to be left alone', retryAfter: wait };
    const call = { url, method, headers: { ...headers, ...always }, body, deadline: until, limit };
    const exchanged = await exchange(agent, call);
    route?.heard(use, exchanged);
    const theirs = exchanged.kind === 'reply' && url.origin === api ? timeOf(exchanged) : null;
    if (theirs !== null) options.heardTime?.(theirs);
    return withoutSecrets(exchanged, [login, apiKey]);
  };
}

function mimeForm({ to, mime, fields = {} }: Parameters<Port['sendMime']>[1]): FormEntry[] {
  const more = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((v): FormEntry => [name, v]));
  // As a file: Mailgun refuses a message that comes as a plain field.
  const message = { filename: 'message.mime', type: 'message/rfc822', content: mime };
  return [...[to].flat().map((address): FormEntry => ['to', address]), ...more, ['message', message]];
}

/** RFC 2822 in UTC, "Wed, 25 Nov 2026 10:00:00 +0000". */
export const deliveryTime = (at: Ms): string => {
  const text = DateTime.fromMillis(at, { zone: 'utc' }).toRFC2822();
  if (text === null) throw new Error(`no time: ${at}`);
  return text;
};

async function repost(
  ask: Ask,
  targets: readonly string[],
  { to, deliverAt }: { to: string; deliverAt: Ms | null },
  deadline: Deadline,
): Promise<Answer> {
  const entries: FormEntry[] = [['to', to]];
  if (deliverAt !== null) entries.push(['o:deliverytime', deliveryTime(deliverAt)]);
  const refusals: Refused[] = [];
  for (const target of targets) {
    const exchanged = await ask(target, { method: 'POST', ...writeForm(entries), deadline });
    const answer = answerTo(exchanged, 'repost');
    if (answer.kind !== 'refused' || !isElsewhere(exchanged, answer)) return answer;
    refusals.push(answer);
  }
  return telling(refusals);
}

type Refused = Extract<Answer, { kind: 'refused' }>;

const SAME_EVERYWHERE: ReadonlySet<number> = new Set([402, 429]);

/**
 * Whether to try the next target. A 4xx may be about the host, as some want their own URL and some that of the API, and a
 * host of another region does not know the key; what was not sent, or did not get beyond an edge, did no harm. Any other
 * answer is final.
 */
function isElsewhere(exchanged: Exchanged, answer: Refused): boolean {
  if (exchanged.kind === 'silence' || isAnswerOfEdge(exchanged)) return true;
  return answer.why !== 'busy' && !SAME_EVERYWHERE.has(exchanged.status);
}

/**
 * The refusal that tells most: that a host could not be reached (it may have the copy), then that it does not know the
 * copy, then a complaint about the URL.
 */
function telling(refusals: readonly Refused[]): Refused {
  const of = (why: Refused['why']) => refusals.find((r) => r.why === why);
  const none: Refused = { kind: 'refused', why: 'gone', detail: 'no stored copy is known' };
  return of('busy') ?? of('gone') ?? refusals.at(-1) ?? none;
}

/** Tries one target after the other, whatever the trouble: reading does no harm. */
async function fetchMime(ask: Ask, targets: readonly string[], deadline: Deadline): Promise<Fetched> {
  const failures: Exclude<Fetched, { kind: 'mime' }>[] = [];
  for (const target of targets) {
    const headers = { accept: 'message/rfc2822' };
    const fetched = readMime(await ask(target, { method: 'GET', headers, limit: MIME_LIMIT, deadline }));
    if (fetched.kind === 'mime') return fetched;
    failures.push(fetched);
  }
  return worstOf(failures);
}

function replyOf(exchanged: Exchanged): PortReply {
  if (exchanged.kind === 'silence') {
    const unsent = exchanged.retryAfter === undefined ? 'notSent' : 'leftAlone';
    throw new PortError(exchanged.begun ? 'unanswered' : unsent, exchanged.why);
  }
  const { status, headers, whole, tooLarge } = exchanged;
  if (whole) return { status, headers, body: bodyOf(exchanged) };
  if (status !== 200) throw new PortError('unanswered', `${status}: the answer broke off`);
  if (tooLarge) throw new PortError('tooLarge', '200: the answer was too large');
  throw new PortError('cut', '200: the answer broke off');
}

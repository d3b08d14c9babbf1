import type { FormEntry } from '../mail/form.ts';
import type { Backend, Place } from './backend.ts';
import { type Answer, connect, type Daemon, type Question } from './daemon-http.ts';
import { HomingError } from './homing-error.ts';
import type { Told, Verdict } from './record.ts';
import type { HomingErrorCode, MayResend, MessageStatus, RemoteOptions } from './types.ts';

type Ask = (question: Question) => Promise<Answer>;

/** The daemon that checked options name. */
export function daemonAt({ url = '', token = '' }: RemoteOptions): Place {
  const { host, pathname, protocol } = new URL(url);
  return {
    name: `${protocol}//${host}${pathname}`.replace(/\/+$/, ''),
    open: async () => backendOf(await connect({ url, token: token.trim() })),
  };
}

/** A daemon, through its HTTP API. */
function backendOf(daemon: Daemon): Backend {
  /** Requests whose answers somebody waits for. Records need not be waited for: they are in the spool. */
  const open = new Set<Promise<Answer>>();
  const ask: Ask = (question) => {
    const answer = daemon.ask(question).finally(() => open.delete(answer));
    open.add(answer);
    return answer;
  };
  return {
    record: (records) => recordAll(daemon.ask, records),
    queue: (domain, form) => queue(ask, domain, form),
    cancel: (which) => cancel(ask, which),
    status: (id) => status(ask, id),
    mayResend: (key) => mayResend(ask, key),
    async close() {
      await Promise.allSettled([...open]);
      daemon.close();
    },
  };
}

/** A call has a limit to its size, and a message may have a thousand recipients. */
const CALL = 200 * 1024;
/** Statuses of records that will never be taken. */
const NEVER: ReadonlySet<number> = new Set([400, 409, 413, 422]);

async function recordAll(ask: Ask, records: readonly Told[]): Promise<Verdict[]> {
  const half = Math.ceil(records.length / 2);
  const inHalves = async () => [
    ...(await recordAll(ask, records.slice(0, half))),
    ...(await recordAll(ask, records.slice(half))),
  ];
  if (records.length > 1 && Buffer.byteLength(JSON.stringify(records)) > CALL) return inHalves();
  const answer = await ask({ method: 'POST', path: '/api/messages', json: records });
  // A proxy may have a smaller limit, or object to one of the records: so they are sent in halves.
  if (NEVER.has(answer.status)) return records.length > 1 ? inHalves() : [{ ok: false, why: wordsOf(answer.body) }];
  if (answer.status !== 200) throw troubleOf(answer);
  return verdictsIn(answer.body['results'], records.length);
}

function verdictsIn(results: unknown, count: number): Verdict[] {
  if (!Array.isArray(results) || results.length !== count) throw stranger(200);
  return results.map((result: Record<string, unknown>) =>
    'error' in result ? { ok: false, why: wordsOf(result) } : { ok: true },
  );
}

async function queue(ask: Ask, domain: string, form: readonly FormEntry[]): ReturnType<Backend['queue']> {
  const isMime = form.some(([name]) => name === 'message');
  const path = `/v3/${encodeURIComponent(domain)}/messages${isMime ? '.mime' : ''}`;
  const answer = await ask({ method: 'POST', path, form: formDataOf(form) });
  if (answer.status !== 200) throw refusalOf(answer);
  const token = answer.headers['homing-status-token'];
  const { id, message } = answer.body;
  return {
    ...{ status: 200, id: String(id), message: String(message) },
    ...(typeof token === 'string' ? { statusToken: token } : {}),
  };
}

function formDataOf(form: readonly FormEntry[]): FormData {
  const data = new FormData();
  for (const [name, value] of form) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, new Blob([value.content], { type: value.type }), value.filename);
  }
  return data;
}

async function cancel(ask: Ask, which: { id: string } | { key: string }): Promise<number> {
  const answer =
    'id' in which
      ? await ask({ method: 'POST', path: `/api/messages/${encodeURIComponent(which.id)}/cancel`, json: {} })
      : await ask({ method: 'POST', path: '/api/messages/cancel', json: { key: which.key } });
  if (isUnknown(answer) && 'id' in which) return 0;
  if (answer.status !== 200) throw refusalOf(answer);
  return Number(answer.body['cancelled']);
}

async function status(ask: Ask, id: string): Promise<MessageStatus | null> {
  const answer = await ask({ method: 'GET', path: `/api/messages/${encodeURIComponent(id)}` });
  if (isUnknown(answer)) return null;
  if (answer.status !== 200) throw refusalOf(answer);
  return answer.body as MessageStatus;
}

async function mayResend(ask: Ask, key: string): Promise<MayResend> {
  const answer = await ask({ method: 'POST', path: '/api/messages/may-resend', json: { key } });
  if (answer.status !== 200) throw refusalOf(answer);
  return answer.body as MayResend;
}

/** Whether the daemon does not know the message. The 404 of another server has no JSON of this form. */
const isUnknown = ({ status, body }: Answer): boolean => status === 404 && typeof body['error'] === 'string';

const CODES: Readonly<Record<number, HomingErrorCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'unauthorized',
  409: 'conflict',
  413: 'too_large',
  415: 'invalid',
  422: 'invalid',
};

/** A refusal in the words of the daemon. */
function refusalOf(answer: Answer): HomingError {
  const { status, body } = answer;
  const code = status === 404 && typeof body['message'] === 'string' ? 'not_found' : CODES[status];
  // The same call is in progress.
  if (status === 409 && answer.headers['retry-after'] !== undefined) return troubleOf(answer);
  if (code === undefined || code === 'unauthorized') return troubleOf(answer);
  return new HomingError(code, `the daemon answered ${status}: ${wordsOf(body)}`);
}

/** An answer that did not come from a daemon. Its words may be anything, so they are not shown. */
function troubleOf({ status }: Answer): HomingError {
  const said = `the daemon answered ${status}`;
  if (CODES[status] === 'unauthorized')
    return new HomingError('unauthorized', `${said}: it does not know this token (see its API_TOKENS)`);
  const isBusy = status >= 500 || status === 408 || status === 429 || status === 409;
  return isBusy ? new HomingError('unavailable', said) : stranger(status);
}

const stranger = (status: number): HomingError =>
  new HomingError('misconfigured', `what answers at the url is no Homing: it answered ${status}`);

function wordsOf(body: Record<string, unknown>): string {
  const { error, message, problems } = body;
  const words = [message ?? error ?? 'no words', ...(Array.isArray(problems) ? problems : [])];
  return words.map(String).join('; ').slice(0, 500);
}

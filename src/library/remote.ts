import { SECOND } from '../core/time.ts';
import { AppError } from '../errors.ts';
import type { FormEntry } from '../form.ts';
import type { Backend } from './backend.ts';
import type { Told, Verdict } from './record.ts';
import type { MessageStatus, Queued } from './types.ts';

const TIMEOUT = 10 * SECOND;
/** A daemon that answers so will never take this record; anything else is trouble that may pass. */
const NEVER: ReadonlySet<number> = new Set([400, 409, 413, 422]);

type Answer = { status: number; body: Record<string, unknown> };

/** A daemon, through its HTTP API. */
export function openRemote({ url, token }: { url: string; token: string }): Backend {
  const base = url.replace(/\/+$/, '');
  const authorization = `Bearer ${token}`;

  async function ask(path: string, init: { method: string; json?: unknown; form?: FormData }): Promise<Answer> {
    const response = await fetch(base + path, {
      method: init.method,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT),
      headers: {
        authorization: init.form ? `Basic ${Buffer.from(`api:${token}`).toString('base64')}` : authorization,
        ...(init.json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(init.json === undefined ? {} : { body: JSON.stringify(init.json) }),
      ...(init.form ? { body: init.form } : {}),
    });
    return { status: response.status, body: objectIn(await response.text()) };
  }

  return {
    record: (records) => recordAll(ask, records),
    async queue(domain, form) {
      const answer = await ask(`/v3/${encodeURIComponent(domain)}/messages${isMime(form) ? '.mime' : ''}`, {
        method: 'POST',
        form: formDataOf(form),
      });
      if (answer.status !== 200) throw refusalOf(answer);
      return { status: 200, id: String(answer.body['id']), message: String(answer.body['message']) } satisfies Queued;
    },
    async cancel(which) {
      const path = 'id' in which ? `/api/messages/${encodeURIComponent(which.id)}/cancel` : '/api/messages/cancel';
      const answer = await ask(path, { method: 'POST', json: 'id' in which ? {} : { key: which.key } });
      if (answer.status === 404 && 'id' in which) return 0;
      if (answer.status !== 200) throw refusalOf(answer);
      return Number(answer.body['cancelled']);
    },
    async status(id) {
      const answer = await ask(`/api/messages/${encodeURIComponent(id)}`, { method: 'GET' });
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw refusalOf(answer);
      return answer.body as MessageStatus;
    },
    // The sockets of fetch belong to the process, and an idle one does not keep it alive.
    close: () => Promise.resolve(),
  };
}

/** A call has a limit to its size, and a message may have a thousand recipients. */
const CALL = 200 * 1024;

async function recordAll(
  ask: (path: string, init: { method: string; json: unknown }) => Promise<Answer>,
  records: readonly Told[],
): Promise<Verdict[]> {
  const half = Math.ceil(records.length / 2);
  if (records.length > 1 && JSON.stringify(records).length > CALL)
    return [...(await recordAll(ask, records.slice(0, half))), ...(await recordAll(ask, records.slice(half)))];
  const { status, body } = await ask('/api/messages', { method: 'POST', json: records });
  if (records.length === 1 && NEVER.has(status)) return [{ ok: false, why: wordsOf(body) }];
  const results: unknown = body['results'];
  if (status !== 200 || !Array.isArray(results) || results.length !== records.length)
    throw Object.assign(new Error(`the daemon answered ${status}`), { code: `HTTP_${status}` });
  return results.map((result: Record<string, unknown>) =>
    'error' in result ? { ok: false, why: wordsOf(result) } : { ok: true },
  );
}

const isMime = (form: readonly FormEntry[]): boolean => form.some(([name]) => name === 'message');

function formDataOf(form: readonly FormEntry[]): FormData {
  const data = new FormData();
  for (const [name, value] of form) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, new Blob([value.content], { type: value.type }), value.filename);
  }
  return data;
}

function refusalOf({ status, body }: Answer): Error {
  if (NEVER.has(status)) return new AppError('invalid', wordsOf(body));
  if (status === 401) return new AppError('unauthorized', 'the daemon does not know this token (its API_TOKENS)');
  return new AppError('unavailable', `the daemon answered ${status}: ${wordsOf(body)}`);
}

function wordsOf(body: Record<string, unknown>): string {
  const { error, message, problems } = body;
  const words = [message ?? error ?? 'no words', ...(Array.isArray(problems) ? problems : [])];
  return words.map(String).join('; ').slice(0, 500);
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

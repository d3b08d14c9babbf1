import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { AppError } from '../base/errors.ts';
import { SECOND } from '../core/time.ts';
import type { FormEntry } from '../mail/form.ts';
import type { Backend } from './backend.ts';
import type { Told, Verdict } from './record.ts';
import type { MessageStatus, Queued } from './types.ts';

const TIMEOUT = 10 * SECOND;
/** A daemon that answers so will never take this record; anything else is trouble that may pass. */
const NEVER: ReadonlySet<number> = new Set([400, 409, 413, 422]);

type Answer = { status: number; body: Record<string, unknown> };
type Question = { method: string; json?: unknown; form?: FormData };
type Ask = (path: string, question: Question) => Promise<Answer>;

/** A daemon, through its HTTP API. */
export function openRemote({ url, token }: { url: string; token: string }): Backend {
  const base = url.replace(/\/+$/, '');
  const { request, Agent } = base.startsWith('https:') ? https : http;
  // An idle socket does not keep the process alive.
  const agent = new Agent({ keepAlive: true });
  const bearer = `Bearer ${token}`;
  const basic = `Basic ${Buffer.from(`api:${token}`).toString('base64')}`;

  /** Node's own client, at a fraction of the CPU of `fetch`: every mail is told of. */
  async function ask(path: string, { method, json, form }: Question): Promise<Answer> {
    const { type, content } = form ? await multipart(form) : { type: JSON_TYPE, content: JSON.stringify(json) };
    const headers = {
      authorization: form ? basic : bearer,
      ...(content === undefined ? {} : { 'content-type': type }),
      // A mail that is queued twice under one key is queued once.
      ...(form ? { 'idempotency-key': randomUUID() } : {}),
    };
    const options = { method, agent, headers, signal: AbortSignal.timeout(TIMEOUT) };
    const send = (tries: number): Promise<http.IncomingMessage> =>
      new Promise((resolve, reject) => {
        const call = request(base + path, options, resolve).end(content);
        call.on('error', (error) => {
          // The daemon closed a socket that we had kept, just then. Everything here may be said twice.
          const closed = call.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
          if (closed && tries > 1) resolve(send(tries - 1));
          else reject(error);
        });
      });
    const response = await send(2);
    return { status: response.statusCode ?? 0, body: objectIn(await text(response)) };
  }

  /** Questions whose answers somebody waits for; records are in the spool by then. */
  const open = new Set<Promise<Answer>>();
  const asked: Ask = (path, question) => {
    const answer = ask(path, question).finally(() => open.delete(answer));
    open.add(answer);
    return answer;
  };

  return {
    record: (records) => recordAll(ask, records),
    async queue(domain, form) {
      const answer = await asked(`/v3/${encodeURIComponent(domain)}/messages${isMime(form) ? '.mime' : ''}`, {
        method: 'POST',
        form: formDataOf(form),
      });
      if (answer.status !== 200) throw refusalOf(answer);
      return { status: 200, id: String(answer.body['id']), message: String(answer.body['message']) } satisfies Queued;
    },
    async cancel(which) {
      const path = 'id' in which ? `/api/messages/${encodeURIComponent(which.id)}/cancel` : '/api/messages/cancel';
      const answer = await asked(path, { method: 'POST', json: 'id' in which ? {} : { key: which.key } });
      if (answer.status === 404 && 'id' in which) return 0;
      if (answer.status !== 200) throw refusalOf(answer);
      return Number(answer.body['cancelled']);
    },
    async status(id) {
      const answer = await asked(`/api/messages/${encodeURIComponent(id)}`, { method: 'GET' });
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw refusalOf(answer);
      return answer.body as MessageStatus;
    },
    async close() {
      await Promise.allSettled([...open]);
      agent.destroy();
    },
  };
}

/** A call has a limit to its size, and a message may have a thousand recipients. */
const CALL = 200 * 1024;

async function recordAll(ask: Ask, records: readonly Told[]): Promise<Verdict[]> {
  const half = Math.ceil(records.length / 2);
  const inHalves = async () => [
    ...(await recordAll(ask, records.slice(0, half))),
    ...(await recordAll(ask, records.slice(half))),
  ];
  if (records.length > 1 && Buffer.byteLength(JSON.stringify(records)) > CALL) return inHalves();
  const { status, body } = await ask('/api/messages', { method: 'POST', json: records });
  // Something on the way may have a smaller limit.
  if (records.length > 1 && status === 413) return inHalves();
  if (records.length === 1 && NEVER.has(status)) return [{ ok: false, why: wordsOf(body) }];
  const results: unknown = body['results'];
  if (status !== 200 || !Array.isArray(results) || results.length !== records.length)
    throw Object.assign(new Error(`the daemon answered ${status}`), { code: `HTTP_${status}` });
  return results.map((result: Record<string, unknown>) =>
    'error' in result ? { ok: false, why: wordsOf(result) } : { ok: true },
  );
}

const isMime = (form: readonly FormEntry[]): boolean => form.some(([name]) => name === 'message');

const JSON_TYPE = 'application/json';

async function multipart(form: FormData): Promise<{ type: string; content: Buffer }> {
  const encoded = new Response(form);
  return { type: encoded.headers.get('content-type') ?? '', content: Buffer.from(await encoded.arrayBuffer()) };
}

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

import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { SECOND } from '../core/time.ts';
import { codeOf, HomingError } from './errors.ts';

export type Question = { method: 'GET' | 'POST'; path: string; json?: unknown; form?: FormData };
export type Answer = { status: number; body: Record<string, unknown> };

/** Questions to a daemon's HTTP API. Rejects when there is no answer; any status is one. */
export type Daemon = { ask(question: Question): Promise<Answer>; close(): void };

const TIMEOUT = 10 * SECOND;

export function connect({ url, token }: { url: string; token: string }): Daemon {
  const base = new URL(url).href.replace(/\/+$/, '');
  const { request, Agent } = base.startsWith('https:') ? https : http;
  // An idle socket does not keep the process alive.
  const agent = new Agent({ keepAlive: true });

  async function ask({ method, path, json, form }: Question): Promise<Answer> {
    const { headers, content } = form ? await formCall(form, token) : jsonCall(json, token);
    const options = { method, agent, headers, signal: AbortSignal.timeout(TIMEOUT) };
    const start: Start = (onResponse) => request(base + path, options, onResponse).end(content);
    try {
      const response = await send(start);
      return { status: response.statusCode ?? 0, body: objectIn(await text(response)) };
    } catch (error) {
      throw unanswered(error);
    }
  }
  return { ask, close: () => agent.destroy() };
}

type Call = { headers: http.OutgoingHttpHeaders; content: string | Buffer | undefined };

function jsonCall(json: unknown, token: string): Call {
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  return { headers: { authorization: `Bearer ${token}`, ...type }, content: JSON.stringify(json) };
}

async function formCall(form: FormData, token: string): Promise<Call> {
  const encoded = new Response(form);
  const headers = {
    authorization: `Basic ${Buffer.from(`api:${token}`).toString('base64')}`,
    'content-type': encoded.headers.get('content-type') ?? '',
    // Mail that is queued twice under one key is queued once.
    'idempotency-key': randomUUID(),
  };
  return { headers, content: Buffer.from(await encoded.arrayBuffer()) };
}

type Start = (onResponse: (response: http.IncomingMessage) => void) => http.ClientRequest;

/** Node's own client costs a fraction of the CPU of `fetch`, and every mail is told of. */
function send(start: Start, tries = 2): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = start(resolve);
    call.on('error', (error) => {
      // The daemon closed a socket that we had kept, just then. Everything here may be said twice.
      if (tries > 1 && call.reusedSocket && codeOf(error) === 'ECONNRESET') resolve(send(start, tries - 1));
      else reject(error);
    });
  });
}

function unanswered(error: unknown): HomingError {
  const code = codeOf(error);
  const why = code === 'ABORT_ERR' ? `it did not answer within ${TIMEOUT / SECOND} s` : code;
  return new HomingError('unavailable', `the daemon can not be reached: ${why}`, [], { cause: error });
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

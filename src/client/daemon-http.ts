import { randomUUID } from 'node:crypto';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { SECOND } from '../core/time.ts';
import { codeOf } from './errors.ts';
import { HomingError } from './homing-error.ts';

export type Question = { method: 'GET' | 'POST'; path: string; json?: unknown; form?: FormData };
export type Answer = { status: number; body: Record<string, unknown>; headers: IncomingHttpHeaders };

/** Requests to the HTTP API of a daemon. Rejects only when there is no answer; any status is an answer. */
export type Daemon = { ask(question: Question): Promise<Answer>; close(): void };

const TIMEOUT = 10 * SECOND;

export async function connect({ url, token }: { url: string; token: string }): Promise<Daemon> {
  const base = new URL(url).href.replace(/\/+$/, '');
  // Loads TLS only when it is needed: it takes half of the time of loading the library.
  const { request, Agent } = base.startsWith('https:') ? await import('node:https') : await import('node:http');
  // An idle socket does not keep the process alive.
  const agent = new Agent({ keepAlive: true });

  async function ask({ method, path, json, form }: Question): Promise<Answer> {
    const { headers, content } = form ? await formCall(form, token) : jsonCall(json, token);
    const options = { method, agent, headers, signal: AbortSignal.timeout(TIMEOUT) };
    const start: Start = (onResponse) => request(base + path, options, onResponse).end(content);
    try {
      const response = await send(start);
      const { statusCode: status = 0, headers } = response;
      return { status, headers, body: objectIn(await textIn(response)) };
    } catch (error) {
      throw unanswered(error);
    }
  }
  return { ask, close: () => agent.destroy() };
}

type Call = { headers: OutgoingHttpHeaders; content: string | Buffer | undefined };

function jsonCall(json: unknown, token: string): Call {
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  return { headers: { authorization: `Bearer ${token}`, ...type }, content: JSON.stringify(json) };
}

async function formCall(form: FormData, token: string): Promise<Call> {
  const encoded = new Response(form);
  const headers = {
    authorization: `Basic ${Buffer.from(`api:${token}`).toString('base64')}`,
    'content-type': encoded.headers.get('content-type') ?? '',
    // The request may be sent twice (see `send`); the daemon queues the mail once for one key.
    'idempotency-key': randomUUID(),
  };
  return { headers, content: Buffer.from(await encoded.arrayBuffer()) };
}

type Start = (onResponse: (response: IncomingMessage) => void) => ClientRequest;

/** Uses Node's own client, which needs a fraction of the CPU of `fetch`; every mail is a request. */
function send(start: Start, tries = 2): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = start(resolve);
    call.on('error', (error) => {
      // The daemon closed a kept connection at this very moment. All requests here may be sent twice.
      if (tries > 1 && call.reusedSocket && codeOf(error) === 'ECONNRESET') resolve(send(start, tries - 1));
      else reject(error);
    });
  });
}

/** Far more than a message with all its facts. */
const LARGEST_ANSWER = 16 * 1024 * 1024;

async function textIn(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST_ANSWER) throw Object.assign(new Error('too much'), { code: 'ANSWER_TOO_LARGE' });
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
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

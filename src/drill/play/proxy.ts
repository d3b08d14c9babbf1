import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { sleep } from '../../base/wait.ts';
import type { Fault } from '../../core/drills.ts';
import type { Clock, Ms } from '../../core/time.ts';
import { type Listening, listenOnLoopback } from '../../lab/sim/listen.ts';
import { type Reply, refusal, reply } from '../../lab/sim/reply.ts';
import { forward } from './forward.ts';
import { type Guard, guarded } from './guard.ts';
import { isMailCall, type MailCall, mailIn } from './mail-call.ts';

export type ProxyOptions = {
  /** The API base behind it. */
  upstream: string;
  fault: Fault;
  /** How long answers are held back by `slow`. */
  delay: Ms;
  /** Seconds in the `Retry-After` of `429`. */
  retryAfter: number;
  /** What may pass at all; null for everything. */
  guard: Guard | null;
  now: Clock;
};

export type FaultProxy = {
  url: string;
  /** From now on the provider behind it looks sick, or well. */
  sicken(): Promise<void>;
  heal(): Promise<void>;
  /** Mails that the provider took. */
  handOvers: readonly (MailCall & { at: Ms })[];
  /** Mails that were answered as taken and went nowhere. */
  swallowed: readonly MailCall[];
  close(): Promise<void>;
};

type State = {
  options: ProxyOptions;
  isSick: boolean;
  mails: number;
  handOvers: (MailCall & { at: Ms })[];
  swallowed: MailCall[];
  closing: AbortController;
};

/** Stands before the API of a provider, passes everything on, and misbehaves as the fault says while it is told to. */
export async function startFaultProxy(options: ProxyOptions): Promise<FaultProxy> {
  const state: State = {
    ...{ options, isSick: false, mails: 0, handOvers: [], swallowed: [] },
    closing: new AbortController(),
  };
  const listen = (port: number) => listenOnLoopback(serverOf(state), port);
  let listening: Listening | null = await listen(0);
  const { port } = listening;
  const unplug = async () => {
    const open = listening;
    listening = null;
    await open?.close();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    ...{ handOvers: state.handOvers, swallowed: state.swallowed },
    async sicken() {
      state.isSick = true;
      if (options.fault === 'down') await unplug();
    },
    async heal() {
      state.isSick = false;
      listening ??= await listen(port);
    },
    async close() {
      state.closing.abort();
      await unplug();
    },
  };
}

const serverOf = (state: State) =>
  createServer((request, response) => {
    answer(state, request)
      .catch((error: unknown) => refusal(502, `the provider can not be reached: ${String(error)}`))
      .then((it) => response.headersSent || send(response, it))
      .catch(() => response.destroy());
  });

/** Mails of a drill are small, and so is what is asked about them. */
const LARGEST = 1024 * 1024;

async function answer(state: State, request: IncomingMessage): Promise<Reply> {
  const body = await bytesOf(request);
  if (body === null) return refusal(413, 'Request Entity Too Large');
  const call = { method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers, body };
  const mail = isMailCall(call) ? mailIn(call) : null;
  const { guard, upstream } = state.options;
  const allowed = guard === null ? call : guarded(guard, call, mail);
  if (typeof allowed === 'string') return refusal(403, `barred by the drill: ${allowed}`);
  const pass = async () => {
    const answered = await forward(upstream, allowed);
    if (mail && answered.status === 200) state.handOvers.push({ ...mail, at: state.options.now() });
    return answered;
  };
  return mail && state.isSick ? misbehave(state, mail, pass) : pass();
}

async function misbehave(state: State, mail: MailCall, pass: () => Promise<Reply>): Promise<Reply> {
  const { fault, delay, retryAfter } = state.options;
  switch (fault) {
    case 'down':
      return refusal(503, 'Service Unavailable');
    case 'slow': {
      const answered = await pass();
      await sleep(delay, state.closing.signal);
      return answered;
    }
    case 'accepts-but-silent':
      state.swallowed.push(mail);
      return reply({ id: `<${mail.messageId}>`, message: 'Queued. Thank you.' });
    case '5xx-after-accept':
      await pass();
      return refusal(502, 'Bad Gateway');
    case '429':
      return { ...refusal(429, 'Too many requests'), headers: { ...JSON_TYPE, 'Retry-After': String(retryAfter) } };
    case 'half':
      return state.mails++ % 2 === 0 ? refusal(503, 'Service Unavailable') : pass();
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

async function bytesOf(request: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size <= LARGEST) parts.push(part);
  }
  return size > LARGEST ? null : Buffer.concat(parts);
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerBadly, send } from './bad-answer.ts';
import { readBody } from './form.ts';
import type { Misbehaviours } from './misbehave.ts';
import { type Reply, refusal } from './reply.ts';
import { answer } from './routes.ts';
import type { SimRequest, World } from './world.ts';

/** Mailgun's own limit of a request. */
const LARGEST_REQUEST = 52_400_000;

/** An HTTP server that writes down each request and answers it as Mailgun would, or as badly as it was told to. */
export function simServer(world: World, misbehaviours: Misbehaviours): Server {
  return createServer((incoming, response) => {
    void converse(world, misbehaviours, incoming, response);
  });
}

async function converse(
  world: World,
  misbehaviours: Misbehaviours,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const raw = await bytesOf(incoming);
  if (raw === 'broken') return;
  if (raw === 'too large') {
    response.shouldKeepAlive = false;
    send(response, refusal(413, 'Request Entity Too Large'));
    return;
  }
  const request = await requestFrom(world, incoming, raw);
  world.requests.push(request);
  response.once('close', () => {
    request.isOver = true;
  });
  const how = misbehaviours.take(request);
  const work = () => workOn(world, request);
  request.status = how === null ? send(response, await work()) : await answerBadly(how, response, work);
}

async function bytesOf(incoming: IncomingMessage): Promise<Buffer | 'too large' | 'broken'> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of incoming) {
      size += part.length;
      if (size <= LARGEST_REQUEST) parts.push(part);
    }
  } catch (error) {
    // The caller hung up in the middle of its request; nobody is left to answer.
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return 'broken';
    throw error;
  }
  return size > LARGEST_REQUEST ? 'too large' : Buffer.concat(parts);
}

async function requestFrom(world: World, incoming: IncomingMessage, raw: Buffer): Promise<SimRequest> {
  const url = new URL(incoming.url ?? '/', 'http://sim.invalid');
  const { 'content-type': type = '', 'content-encoding': encoding } = incoming.headers;
  return {
    at: world.clock(),
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    ...readBody(raw, type, encoding),
    status: null,
    isOver: false,
  };
}

async function workOn(world: World, request: SimRequest): Promise<Reply> {
  const whole = await answer(world, request);
  if (world.quirks.webhookBeforeAnswer && request.method === 'POST') await world.agenda.runDue(world.clock());
  return whole;
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readBody } from './form.ts';
import { answerBadly, type Misbehave, send } from './misbehave.ts';
import { type Reply, refusal } from './reply.ts';
import { answer } from './routes.ts';
import type { SimRequest, World } from './world.ts';

/** Mailgun's own limit of a request. */
const LARGEST_REQUEST = 52_400_000;

/** An HTTP server that writes down each request and answers it as Mailgun would, or as badly as it was told to. */
export const simServer = (world: World, misbehave: Misbehave): Server =>
  createServer((incoming, response) => {
    void converse(world, misbehave, incoming, response);
  });

const converse = async (
  world: World,
  misbehave: Misbehave,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const raw = await readRaw(incoming);
  if (raw === 'broken') return;
  if (raw === 'too large') {
    response.shouldKeepAlive = false;
    send(response, refusal(413, 'Request Entity Too Large'));
    return;
  }
  const request = await readRequest(world, incoming, raw);
  world.requests.push(request);
  const work = async (): Promise<Reply> => {
    const whole = await answer(world, request);
    if (world.quirks.webhookBeforeAnswer && request.method === 'POST') await world.agenda.runDue(world.clock());
    return whole;
  };
  const how = misbehave.take(request);
  request.status = how === null ? send(response, await work()) : await answerBadly(how, response, work);
};

const readRaw = async (incoming: IncomingMessage): Promise<Buffer | 'too large' | 'broken'> => {
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
};

const readRequest = async (world: World, incoming: IncomingMessage, raw: Buffer): Promise<SimRequest> => {
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
  };
};

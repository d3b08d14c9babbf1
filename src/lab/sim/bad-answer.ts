import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { sleep } from '../../base/wait.ts';
import type { Ms } from '../../core/time.ts';
import type { Misbehaviour, NamedMisbehaviour } from './misbehave.ts';
import { type Reply, reply } from './reply.ts';

type Work = () => Promise<Reply>;
/** The status that the caller saw, or null when it saw none. */
type Seen = number | null;

export async function answerBadly(how: Misbehaviour, response: ServerResponse, work: Work): Promise<Seen> {
  if (typeof how === 'string') return ANSWERS[how](response, work);
  if ('latency' in how) {
    await pause(how.latency, response);
    return send(response, await work());
  }
  if ('drip' in how) return drip(response, await work(), how.drip);
  if (how.work === true) await work();
  if ('like' in how) return ANSWERS[how.like](response, work);
  if ('redirect' in how) return send(response, { status: how.redirect, headers: { Location: how.to }, body: '' });
  const headers = { ...JSON_TYPE, ...how.headers };
  return send(response, { status: how.status, headers, body: how.body ?? '{"message":"Service trouble"}' });
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const GARBAGE: Reply = {
  status: 200,
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
  body: '<!doctype html><title>Hello</title><p>Back soon',
};

const ANSWERS: Record<NamedMisbehaviour, (response: ServerResponse, work: Work) => Seen | Promise<Seen>> = {
  hang: () => null,
  hangAfterWork: async (_response, work) => {
    await work();
    return null;
  },
  dropBeforeWork: (response) => drop(response),
  dropBeforeAnswer: async (response, work) => {
    await work();
    return drop(response);
  },
  dropMidAnswer: async (response, work) => dropHalfWay(response, await work()),
  emptyBody: async (response, work) => send(response, { ...(await work()), body: '' }),
  noId: async (response, work) => {
    await work();
    return send(response, reply({ message: 'Queued. Thank you.' }));
  },
  truncated: async (response, work) => send(response, halfOf(await work())),
  drip: async (response, work) => drip(response, await work(), 250),
  garbage: (response) => send(response, GARBAGE),
  gzipBomb: (response) => send(response, bomb()),
  hugeAnswer: (response) => pour(response),
};

export function send(response: ServerResponse, { status, headers, body }: Reply): number {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
  return status;
}

function drop(response: ServerResponse): null {
  response.socket?.destroy();
  return null;
}

function halfOf(whole: Reply): Reply & { body: Buffer } {
  const bytes = Buffer.from(whole.body);
  return { ...whole, body: bytes.subarray(0, bytes.length / 2) };
}

async function dropHalfWay(response: ServerResponse, whole: Reply): Promise<number> {
  response.writeHead(whole.status, { ...whole.headers, 'Content-Length': Buffer.byteLength(whole.body) });
  await new Promise<void>((resolve) => response.write(halfOf(whole).body, () => resolve()));
  drop(response);
  return whole.status;
}

async function drip(response: ServerResponse, { status, headers, body }: Reply, every: Ms): Promise<number> {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'Content-Length': bytes.length });
  for (const byte of bytes) {
    await pause(every, response);
    if (response.destroyed) return status;
    response.write(Buffer.of(byte));
  }
  response.end();
  return status;
}

/** Gzip members may follow each other: packing one and repeating it takes no time. */
function bomb(): Reply {
  const member = gzipSync(Buffer.alloc(1024 * 1024, ' '));
  const body = Buffer.concat(Array.from({ length: 64 }, () => member));
  return { status: 200, headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, body };
}

/** Writes as fast as the peer reads, until it hangs up. */
async function pour(response: ServerResponse): Promise<number> {
  response.writeHead(200, JSON_TYPE);
  const part = Buffer.alloc(64 * 1024, ' ');
  while (!response.destroyed) {
    await new Promise<void>((resolve) => {
      response.once('close', resolve);
      response.write(part, () => {
        response.off('close', resolve);
        resolve();
      });
    });
  }
  return 200;
}

/** Ends early when the connection does, so that nothing outlives it. */
async function pause(ms: Ms, response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  const closed = new AbortController();
  const wake = (): void => closed.abort();
  response.on('close', wake);
  await sleep(ms, closed.signal);
  response.off('close', wake);
}

import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Ms } from '../../core/time.ts';
import { plainReply, type Reply, reply } from './reply.ts';
import type { SimRequest } from './world.ts';

/** What goes wrong with an answer. The work is done or not as said; `work` says otherwise where there is a choice. */
export type Misbehaviour =
  | 'hang' // no work, no answer, the connection stays open
  | 'hangAfterWork'
  | 'dropBeforeWork' // the connection is cut
  | 'dropBeforeAnswer' // the same, after the work
  | 'dropMidAnswer' // after the work, half of the promised bytes, then cut
  | 'emptyBody' // after the work: 200 and nothing
  | 'noId' // after the work: 200 and JSON without what was asked for
  | 'truncated' // after the work: 200 and half a JSON text
  | 'drip' // after the work: a byte every 250 ms
  | 'garbage' // no work: 200 and a page of HTML
  | 'gzipBomb' // no work: 200, small on the wire and 64 MB when unpacked
  | 'hugeAnswer' // no work: 200 and bytes without end
  | { like: 'garbage' | 'gzipBomb' | 'hugeAnswer'; work: boolean }
  | { drip: Ms }
  | { status: number; body?: string; headers?: Record<string, string> /** default: no */; work?: boolean }
  | { redirect: 301 | 302 | 303 | 307 | 308; to: string; work?: boolean }
  | { latency: Ms };

export type Misbehave = {
  /** Misbehaves to what matches, so many times (default: always); returns what ends it. */
  add: (match: (request: SimRequest) => boolean, how: Misbehaviour, times?: number) => () => void;
  take: (request: SimRequest) => Misbehaviour | null;
};

export const createMisbehaviour = (): Misbehave => {
  const rules: { match: (request: SimRequest) => boolean; how: Misbehaviour; left: number }[] = [];
  return {
    add: (match, how, times = Number.POSITIVE_INFINITY) => {
      const rule = { match, how, left: times };
      rules.push(rule);
      return () => {
        rule.left = 0;
      };
    },
    take: (request) => {
      const rule = rules.find((candidate) => candidate.left > 0 && candidate.match(request));
      if (rule === undefined) return null;
      rule.left -= 1;
      return rule.how;
    },
  };
};

/** Answers badly; returns the status that the caller saw, or null when it saw none. */
export const answerBadly = async (
  how: Misbehaviour,
  response: ServerResponse,
  work: () => Promise<Reply>,
): Promise<number | null> => {
  if (typeof how === 'string') return answerByName(how, response, work);
  if ('latency' in how) {
    await sleep(how.latency, response);
    return send(response, await work());
  }
  if ('drip' in how) return drip(response, await work(), how.drip);
  if (how.work === true) await work();
  if ('like' in how) return answerByName(how.like, response, work);
  if ('redirect' in how) {
    return send(response, { status: how.redirect, headers: { Location: how.to }, body: '' });
  }
  const headers = { 'Content-Type': 'application/json', ...how.headers };
  return send(response, { status: how.status, headers, body: how.body ?? '{"message":"Service trouble"}' });
};

const answerByName = async (
  how: Extract<Misbehaviour, string>,
  response: ServerResponse,
  work: () => Promise<Reply>,
): Promise<number | null> => {
  switch (how) {
    case 'hang':
      return null;
    case 'hangAfterWork':
      await work();
      return null;
    case 'dropBeforeWork':
      return drop(response);
    case 'dropBeforeAnswer':
      await work();
      return drop(response);
    case 'dropMidAnswer':
      return dropHalfWay(response, await work());
    case 'emptyBody':
      return send(response, { ...(await work()), body: '' });
    case 'noId':
      await work();
      return send(response, reply({ message: 'Queued. Thank you.' }));
    case 'truncated': {
      const whole = await work();
      return send(response, { ...whole, body: Buffer.from(whole.body).subarray(0, whole.body.length / 2) });
    }
    case 'drip':
      return drip(response, await work(), 250);
    case 'garbage':
      return send(response, { ...plainReply(200, '<!doctype html><title>Hello</title><p>Back soon'), headers: HTML });
    case 'gzipBomb':
      return send(response, { status: 200, headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, body: bomb() });
    case 'hugeAnswer':
      return pour(response);
  }
};

const HTML = { 'Content-Type': 'text/html; charset=utf-8' };
const JSON_TYPE = { 'Content-Type': 'application/json' };

export const send = (response: ServerResponse, { status, headers, body }: Reply): number => {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
  return status;
};

const drop = (response: ServerResponse): null => {
  response.socket?.destroy();
  return null;
};

const dropHalfWay = async (response: ServerResponse, { status, headers, body }: Reply): Promise<number> => {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'Content-Length': bytes.length });
  await new Promise<void>((resolve) => response.write(bytes.subarray(0, bytes.length / 2), () => resolve()));
  drop(response);
  return status;
};

const drip = async (response: ServerResponse, { status, headers, body }: Reply, every: Ms): Promise<number> => {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'Content-Length': bytes.length });
  for (const byte of bytes) {
    await sleep(every, response);
    if (response.destroyed) return status;
    response.write(Buffer.of(byte));
  }
  response.end();
  return status;
};

/** Gzip members may follow each other: packing one and repeating it takes no time. */
const bomb = (): Buffer => {
  const member = gzipSync(Buffer.alloc(1024 * 1024, ' '));
  return Buffer.concat(Array.from({ length: 64 }, () => member));
};

/** Writes as fast as the peer reads, until it hangs up. */
const pour = async (response: ServerResponse): Promise<number> => {
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
};

/** Ends early when the connection does, so that nothing outlives it. */
const sleep = (ms: Ms, response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    if (response.destroyed) {
      resolve();
      return;
    }
    const wake = (): void => {
      clearTimeout(timer);
      response.off('close', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    response.on('close', wake);
  });

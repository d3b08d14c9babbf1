import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Listening, listenOnLoopback } from '../sim/listen.ts';

/** How a service answers that people are alerted through. */
export type Mood =
  | 'well'
  | 'failing' // 503, with a page
  | 'busy' // 429, and asks to be left alone for a while
  | 'hanging' // takes the request, never answers
  | 'trickling' // begins an answer that never ends
  | 'flooding' // answers with more than anybody wants
  | 'moved' // sends elsewhere
  | 'telling'; // refuses with a page that shows all of the request

export type Asked = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
};

export type Moody = {
  url: string;
  /** What was asked of it, in any mood. */
  asked: Asked[];
  /** The moods of the next calls in their order; the last one stays. */
  feel(...moods: Mood[]): void;
  close(): Promise<void>;
};

/** Seconds that a busy one asks for. */
export const LEFT_ALONE = 7;

type Well = (asked: Asked, response: ServerResponse) => void;

/** A service over HTTP on this machine that answers as `well` says, unless it is in another mood. */
export async function startMoody(well: Well): Promise<Moody> {
  const asked: Asked[] = [];
  let moods: Mood[] = ['well'];
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local');
      const one = { method: request.method ?? '', path: pathname, query: searchParams, headers: request.headers, body };
      asked.push(one);
      const mood = moods.length > 1 ? moods.shift() : moods[0];
      MOODS[mood ?? 'well']({ well, asked: one, request, response });
    });
  });
  const { port, close }: Listening = await listenOnLoopback(server, 0);
  const feel = (...next: Mood[]) => {
    moods = next;
  };
  return { url: `http://127.0.0.1:${port}`, asked, feel, close };
}

type Turn = { well: Well; asked: Asked; request: IncomingMessage; response: ServerResponse };

const MOODS: Record<Mood, (turn: Turn) => void> = {
  well: ({ well, asked, response }) => well(asked, response),
  failing: ({ response }) =>
    void response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Service Unavailable</h1>'),
  busy: ({ response }) => void response.writeHead(429, { 'retry-after': String(LEFT_ALONE) }).end('slow down'),
  hanging: () => {},
  trickling: ({ response }) => void response.writeHead(503).write('one moment'),
  flooding: ({ response }) => void response.writeHead(500).end('x'.repeat(2_000_000)),
  moved: ({ response }) => void response.writeHead(307, { location: '/elsewhere' }).end(),
  telling: ({ request, response, asked }) =>
    void response.writeHead(400).end(`${request.url} ${JSON.stringify(asked.headers)} ${asked.body}`),
};

async function readAll(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

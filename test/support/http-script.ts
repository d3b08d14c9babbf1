import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { listenOnLoopback } from '../../src/lab/sim/listen.ts';

export type Seen = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer };
export type Script = (response: ServerResponse, seen: Seen, count: number) => void;

/** A server that does just what the script says, and writes down what it was asked. */
export async function startScript(t: TestContext, script: Script) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, path: url, headers, body });
      script(response, { method, path: url, headers, body }, seen.length);
    });
  });
  const { port, close } = await listenOnLoopback(server, 0);
  t.after(close);
  return { host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, seen, close };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Answers with JSON, or with text as it is. */
export const say =
  (status: number, body: unknown, headers: Record<string, string> = {}): Script =>
  (response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  };

/** The fields of a multipart or urlencoded body. */
export const formIn = async ({ headers, body }: Seen): Promise<FormData> =>
  new Response(new Uint8Array(body), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData();

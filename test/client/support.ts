import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import Mailgun from 'mailgun.js';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { catchUp } from '../../src/intake/told.ts';
import type { Store } from '../../src/store/db/open.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import type { View } from '../../src/store/rows/rows.ts';

export const DOMAIN = 'mg.example.com';

export type Part = { name: string; value: string; file?: { filename: string; type: string } };
export type Seen = { method: string; url: string; headers: IncomingHttpHeaders; parts: Part[] };
type Answer = { status: number; body: string | object; type?: string; headers?: Record<string, string> };
export type Reply = (seen: Seen) => Answer | 'hang up' | 'wait';

export type Recording = { url: string; seen: Seen[]; reply(how: Reply): void };

const QUEUED: Reply = (seen) => ({
  status: 200,
  body: { id: partOf(seen, 'h:Message-Id') ?? '<theirs@mailgun>', message: 'Queued. Thank you.' },
});

/** An HTTP server that keeps what it is asked and knows nothing of Homing or Mailgun. */
export async function startRecording(t: TestContext): Promise<Recording> {
  const seen: Seen[] = [];
  let reply = QUEUED;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      parts: await partsIn(Buffer.concat(chunks), request.headers['content-type'] ?? ''),
    };
    seen.push(one);
    const answer = reply(one);
    if (answer === 'wait') return;
    if (answer === 'hang up') return void request.socket.destroy();
    const { status, body, type = 'application/json', headers = {} } = answer;
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    reply: (how) => {
      reply = how;
    },
  };
}

export const partOf = (seen: Seen, name: string): string | undefined =>
  seen.parts.find((part) => part.name.toLowerCase() === name.toLowerCase())?.value;

async function partsIn(raw: Buffer, type: string): Promise<Part[]> {
  if (!type.startsWith('multipart/')) return [{ name: '(raw)', value: raw.toString('base64') }];
  const form = await new Response(raw, { headers: { 'content-type': type } }).formData();
  return Promise.all(
    [...form].map(async ([name, value]): Promise<Part> => {
      if (typeof value === 'string') return { name, value };
      const bytes = Buffer.from(await value.arrayBuffer()).toString('base64');
      return { name, value: bytes, file: { filename: value.name, type: value.type } };
    }),
  );
}

/** A request without what differs from one call to the next anyway, and without the names in `but`. */
export function comparable({ method, url, headers, parts }: Seen, but: readonly string[] = []) {
  const { 'content-length': _size, 'content-type': type = '', ...rest } = headers;
  return {
    method,
    url,
    headers: { ...rest, type: type.replace(/boundary=.*/, 'boundary') },
    parts: parts.filter((part) => !but.includes(part.name)),
  };
}

export const clientFor = (url: string, more: { timeout?: number; useFetch?: boolean; key?: string } = {}) =>
  new Mailgun(globalThis.FormData).client({ username: 'api', key: 'key-test', url, timeout: 5000, ...more });

export function freshFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'homing-spool-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const settings = settingsOf(readConfig({}, 'database'));

/** Files what was told so far, as a daemon does. */
export const fileAll = (store: Store): Promise<void> => catchUp({ store, settings }, Date.now());

export async function findFiled(store: Store, id: string): ReturnType<typeof findMessage> {
  await fileAll(store);
  return findMessage(store, id);
}

/** The deliveries of a message as `recipient state`, in order. */
export async function standing(store: Store, id: string): Promise<string[]> {
  const found = await findFiled(store, id);
  return (found?.views ?? []).map(({ recipient, delivery }: View) => `${recipient} ${delivery.state}`).sort();
}

export async function messageCount(store: Store): Promise<number> {
  await fileAll(store);
  const row = await store.db('messages').count({ n: '*' }).first();
  return Number(row?.['n']);
}

/** A way to a TCP server that a test can break: new connections are refused, or both ways stand still. */
export type Way = { port: number; set(how: 'pass' | 'refuse' | 'stall'): void };

export async function startWay(t: TestContext, target: number): Promise<Way> {
  let how: 'pass' | 'refuse' | 'stall' = 'pass';
  const sockets = new Set<Socket>();
  const server = createTcpServer((near) => {
    if (how === 'refuse') return void near.destroy();
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (part: Buffer) => to.write(part));
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
      if (how === 'stall') from.pause();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    set(next) {
      how = next;
      for (const socket of sockets) {
        if (next === 'refuse') socket.destroy();
        else if (next === 'stall') socket.pause();
        else socket.resume();
      }
    },
  };
}

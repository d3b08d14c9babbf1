import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { call, get, serve, until } from './support.ts';

/** Answers with the path and the body, after a turn of the loop. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => setImmediate(() => response.end(`<${request.url} ${Buffer.concat(parts).length}>`)));
}

const answersIn = (heard: string): string[] => heard.match(/<[^>]*>/g) ?? [];

test('of thousands of requests sent without a wait one is in work at a time, and all are answered in their order', async (t) => {
  const { port, seen } = await serve(t, echo);
  const { socket, heard } = await call(t, port);
  const paths = Array.from({ length: 3000 }, (_, n) => `/${n}`);
  socket.write(paths.map((path) => get(path)).join(''));
  await until(socket, () => heard().includes('/2999'));
  assert.deepEqual(
    answersIn(heard()),
    paths.map((path) => `<${path} 0>`),
  );
  assert.equal(seen.most, 1);
});

test('what is not answered holds back what was sent after it', async (t) => {
  const waiting: ServerResponse[] = [];
  const { port, seen } = await serve(t, (_, response) => waiting.push(response));
  const { socket, heard } = await call(t, port);
  socket.write(get('/').repeat(2000));
  for (let n = 1; n <= 3; n++) {
    await until(socket, () => waiting.length === n);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.equal(seen.begun, n);
    waiting[n - 1]?.end(`<${n}>`);
    await until(socket, () => heard().includes(`<${n}>`));
  }
});

const plain = fc.record({ kind: fc.constant('get' as const), padding: fc.integer({ min: 0, max: 3000 }) });
const sized = fc.record({
  kind: fc.constant('sized' as const),
  body: fc.constantFrom('', 'x', '\r\n\r\n', get('/no')),
});
const chunked = fc.record({
  kind: fc.constant('chunked' as const),
  body: fc.constantFrom('x', 'x'.repeat(5000), get('/no')),
});

type Sent = { kind: 'get'; padding: number } | { kind: 'sized' | 'chunked'; body: string };

function written(sent: Sent, n: number): string {
  if (sent.kind === 'get') return get(`/${n}`, sent.padding > 0 ? `X: ${'x'.repeat(sent.padding)}\r\n` : '');
  const head = `POST /${n} HTTP/1.1\r\nHost: a\r\n`;
  if (sent.kind === 'sized') return `${head}Content-Length: ${sent.body.length}\r\n\r\n${sent.body}`;
  return `${head}Transfer-Encoding: chunked\r\n\r\n${sent.body.length.toString(16)}\r\n${sent.body}\r\n0\r\n\r\n`;
}

test('requests are understood wherever the network divides them', async (t) => {
  const { port, seen } = await serve(t, echo);
  const requests = fc.array(fc.oneof(plain, sized, chunked), { minLength: 1, maxLength: 12 });
  const cuts = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1 });
  const property = fc.asyncProperty(requests, cuts, async (all: Sent[], sizes) => {
    const { socket, heard } = await call(t, port);
    const bytes = all.map(written).join('');
    for (let at = 0, n = 0; at < bytes.length; n++) {
      const size = sizes[n % sizes.length] ?? 1;
      socket.write(bytes.slice(at, at + size));
      at += size;
      await new Promise(setImmediate);
    }
    await until(socket, () => answersIn(heard()).length === all.length);
    socket.destroy();
    const expected = all.map((sent, n) => `</${n} ${sent.kind === 'get' ? 0 : sent.body.length}>`);
    assert.deepEqual(answersIn(heard()), expected);
  });
  await fc.assert(property, { numRuns: 60 });
  // What follows a body whose length was not told may be begun with it.
  assert.ok(seen.most < 40);
});

test('a client that reads no answers is not worked for, and is hung up on', async (t) => {
  const big = 'x'.repeat(1024 * 1024);
  const { port, seen, clock, looked } = await serve(t, (_, response) => response.end(big));
  const { socket, closed } = await call(t, port);
  socket.pause();
  socket.write(get('/').repeat(2000));
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
  });
  let begun = -1;
  // As many answers as the buffers of the network take, and then no more.
  while (begun !== seen.begun || seen.begun === 0) {
    begun = seen.begun;
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  }
  assert.ok(seen.begun < 30, String(seen.begun));
  // A paused socket does not notice the end until something is written.
  while (!isClosed) {
    clock.advance(1000);
    socket.write('x');
    await looked();
  }
  assert.ok(seen.begun < 30);
});

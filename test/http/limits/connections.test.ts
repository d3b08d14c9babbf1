import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { networkOf } from '../../../src/http/limits/connections.ts';
import { call, get, serve, until } from './support.ts';

test('beyond the limit the connection that has kept us waiting for longest makes room', async (t) => {
  const { port, clock } = await serve(t, (_, response) => response.end('<yes>'), { connections: 3 });
  const [first, second, third] = [await call(t, port), await call(t, port), await call(t, port)];
  // The first is the last that did something.
  clock.advance(1000);
  first.socket.write(get('/'));
  await until(first.socket, () => first.heard().includes('<yes>'));
  const fourth = await call(t, port);
  await second.closed;
  fourth.socket.write(get('/'));
  await until(fourth.socket, () => fourth.heard().includes('<yes>'));
  assert.deepEqual(
    [first, third, fourth].map(({ socket }) => socket.destroyed),
    [false, false, false],
  );
});

test('a connection that has brought something stays, however long it waits beside others that have not', async (t) => {
  const { port, clock } = await serve(
    t,
    (request, response) => {
      response.statusCode = request.url === '/forged' ? 401 : 200;
      request.resume().on('end', () => response.end('<yes>'));
    },
    { connections: 3 },
  );
  const honest = await call(t, port);
  honest.socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx');
  await until(honest.socket, () => honest.heard().includes('<yes>'));
  clock.advance(1000);
  const [forger, reader] = [await call(t, port), await call(t, port)];
  forger.socket.write('POST /forged HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx');
  reader.socket.write(get('/'));
  for (const { socket, heard } of [forger, reader]) await until(socket, () => heard().includes('<yes>'));
  for (let n = 0; n < 4; n++) {
    clock.advance(1000);
    await call(t, port);
  }
  await Promise.all([forger.closed, reader.closed]);
  honest.socket.write(get('/'));
  await until(honest.socket, () => honest.heard().split('<yes>').length === 3);
  assert.equal(honest.socket.destroyed, false);
});

test('a half-sent header or body holds no place against somebody new', async (t) => {
  const begun: string[] = [];
  const { port } = await serve(
    t,
    (request, response) => {
      begun.push(request.url ?? '');
      request.resume().on('end', () => response.end('<yes>'));
    },
    { connections: 2 },
  );
  const [header, body] = [await call(t, port), await call(t, port)];
  header.socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
  body.socket.write('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345');
  await until(body.socket, () => begun.length === 1);
  const honest = [await call(t, port), await call(t, port)];
  for (const { socket, heard } of honest) {
    socket.write(get('/'));
    await until(socket, () => heard().includes('<yes>'));
    assert.match(heard(), /<yes>/);
  }
  await Promise.all([header.closed, body.closed]);
});

for (const [limits, status] of [
  [{ connections: 2 }, '503 Service Unavailable'],
  [{ connectionsOfOne: 2 }, '429 Too Many Requests'],
] as const) {
  test(`when all connections are worked for, the next is ${status} and told when to come again`, async (t) => {
    const waiting: ServerResponse[] = [];
    const { port, seen } = await serve(t, (_, response) => waiting.push(response), limits);
    const worked = [await call(t, port), await call(t, port)];
    for (const { socket } of worked) socket.write(get('/'));
    await until(worked[0]?.socket as never, () => seen.begun === 2);
    const refused = await call(t, port);
    refused.socket.write(get('/'));
    await until(refused.socket, () => refused.heard().includes('}'));
    assert.match(refused.heard(), new RegExp(`^HTTP/1.1 ${status}\r\n`));
    assert.match(refused.heard(), /Retry-After: \d+\r\n/);
    await refused.closed;
    for (const response of waiting) response.end('<yes>');
    for (const { socket, heard } of worked) {
      await until(socket, () => heard().includes('<yes>'));
      assert.match(heard(), /<yes>/);
    }
    assert.equal(seen.begun, 2);
  });
}

const PIECE = 'x'.repeat(40 * 1024);

test('a body may come slowly, but not slower than the least rate', async (t) => {
  let come = 0;
  const { port, clock, looked } = await serve(t, (request, response) => {
    request.on('data', (part) => {
      come += part.length;
    });
    request.on('end', () => response.end('<yes>'));
  });
  const { socket, heard, closed } = await call(t, port);
  const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${10 * 40 * 1024}\r\n\r\n`;
  socket.write(`${head}x`);
  await until(socket, () => come === 1);
  await looked();
  // 40 kB a second: for longer than anybody's patience, and let through.
  for (let second = 0; second < 10; second++) {
    clock.advance(1000);
    const { length } = PIECE.slice(second === 9 ? 1 : 0);
    socket.write('x'.repeat(length));
    await until(socket, () => come === (second + 1) * PIECE.length + (second === 9 ? 0 : 1));
    await looked();
  }
  await until(socket, () => heard().includes('<yes>'));
  assert.match(heard(), /<yes>/);
  // Now it stops in the middle.
  come = 0;
  socket.write(`${head}x`);
  await until(socket, () => come === 1);
  await looked();
  clock.advance(9_000);
  await looked();
  assert.equal(socket.destroyed, false);
  clock.advance(2_000);
  await closed;
  assert.match(heard(), /HTTP\/1.1 408 /);
});

test('an answer before the end of a body reaches a sender that goes on sending', async (t) => {
  const { port } = await serve(t, (request, response) => {
    request.resume();
    response.writeHead(413, { Connection: 'close' }).end('<too large>');
  });
  const { socket, heard, closed } = await call(t, port);
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
  for (let n = 0; n < 10; n++) {
    socket.write('x'.repeat(50_000));
    await new Promise(setImmediate);
  }
  await closed;
  assert.match(heard(), /^HTTP\/1.1 413 [\s\S]*<too large>/);
});

test('an address of IPv6 counts by the network that a customer has', () => {
  const table: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::1', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['', ''],
  ];
  for (const [address, network] of table) assert.equal(networkOf(address), network, address);
});

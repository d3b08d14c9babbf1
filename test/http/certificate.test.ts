import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import { connect as connectPlainly } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { readConfig } from '../../src/config/config.ts';
import { certificateProblem } from '../../src/http/certificate.ts';
import { LIMITS, type Limits } from '../../src/http/limits/limits.ts';
import { listen } from '../../src/http/server.ts';
import { makeCertificates, withoutOpenssl } from '../support/certificates.ts';
import { clockAt } from '../support/clock.ts';

const skip = withoutOpenssl() ?? false;

async function serve(t: TestContext, limits: Partial<Limits> = {}) {
  const files = makeCertificates(t);
  const bad: unknown[] = [];
  const callback = () => async (asked: IncomingMessage, response: ServerResponse) => {
    let size = 0;
    for await (const part of asked) size += (part as Buffer).length;
    response.end(`${asked.method} ${asked.url} ${size}`);
  };
  const certificate = { cert: files.cert, key: files.key };
  const place = {
    host: '127.0.0.1',
    port: 0,
    limits: { ...LIMITS, ...limits },
    monotonic: clockAt(),
    renewal: 5,
    certificate,
  };
  const server = await listen({ callback }, { ...place, onBadCertificate: (error) => bad.push(error) });
  t.after(() => server.close(0));
  return { files, port: server.port, bad, close: server.close };
}

function post(port: number, ca: Buffer | string, body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', servername: 'localhost', path: '/x', method: 'POST', ca };
    const call = request(options, async (response) => {
      let text = '';
      for await (const part of response) text += String(part);
      resolve(text);
    });
    call.on('error', reject).end(body);
  });
}

/** What a new connection is shown. */
async function shown(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test('with a certificate HTTPS is served, to bodies of any size and to requests one after the other', {
  skip,
}, async (t) => {
  const { files, port } = await serve(t);
  const ca = readFileSync(files.ca);
  for (const size of [0, 10, 3_000_000]) assert.equal(await post(port, ca, Buffer.alloc(size)), `POST /x ${size}`);

  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
  let heard = '';
  socket.on('data', (part) => {
    heard += String(part);
  });
  socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  assert.match(heard, /GET \/1 0.*GET \/2 0/s);
});

test('plain HTTP is not answered there, and a silent handshake ends', { skip }, async (t) => {
  const { port } = await serve(t);
  const socket = connectPlainly(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (part) => {
    heard += String(part);
  });
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'close');
  assert.doesNotMatch(heard, /200/);
});

test('a renewed certificate is taken up, and one that is broken leaves the one before', { skip }, async (t) => {
  const { files, port, bad } = await serve(t);
  const before = await shown(port);
  const next = makeCertificates(t);
  let now = Date.now() / 1000 + 10;
  const renew = (write: () => void) => {
    write();
    now += 10;
    for (const file of [files.cert, files.key]) utimesSync(file, now, now);
  };
  renew(() => {
    copyFileSync(next.cert, files.cert);
    copyFileSync(next.key, files.key);
  });
  let after = before;
  while (after === before) after = await shown(port);
  renew(() => writeFileSync(files.cert, 'broken'));
  while (bad.length === 0) await new Promise(setImmediate);
  assert.equal(await shown(port), after);
});

test('a certificate that can not even be looked at leaves the one before', { skip }, async (t) => {
  const { files, port, bad } = await serve(t);
  const before = await shown(port);
  rmSync(files.cert);
  symlinkSync(files.cert, files.cert);
  while (bad.length === 0) await new Promise(setImmediate);
  assert.equal(await shown(port), before);
});

for (const few of [{ connections: 4 }, { connectionsOfOne: 4 }])
  test(`silent handshakes keep nobody out, nor the daemon from stopping: ${JSON.stringify(few)}`, {
    skip,
    timeout: 5000,
  }, async (t) => {
    const { files, port, close } = await serve(t, few);
    const silent = Array.from({ length: 8 }, () => connectPlainly(port, '127.0.0.1').on('error', () => {}));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    assert.equal(await post(port, readFileSync(files.ca), Buffer.alloc(10)), 'POST /x 10');
    await close(0);
  });

test('what is no certificate with its key is said before anything starts', { skip }, (t) => {
  const files = makeCertificates(t);
  const other = makeCertificates(t);
  assert.equal(certificateProblem(files), null);
  assert.match(certificateProblem({ ...files, key: other.key }) ?? '', /no certificate with its private key/);
  assert.match(certificateProblem({ ...files, cert: files.key }) ?? '', /no certificate with its private key/);
  assert.match(certificateProblem({ ...files, cert: '/nowhere/x.pem' }) ?? '', /TLS_CERT can't be read: ENOENT/);
  assert.match(certificateProblem({ ...files, key: '/nowhere/x.pem' }) ?? '', /TLS_KEY can't be read: ENOENT/);
  const needed = {
    MAILGUN_API_KEY: 'key-3f1c',
    MAILGUN_DOMAIN: 'mg.example.com',
    MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-77aa',
  };
  const start = (env: Record<string, string>) => readConfig({ ...needed, ...env }, 'daemon');
  assert.throws(() => start({ TLS_CERT: files.cert }), /needed together/);
  assert.throws(() => start({ TLS_CERT: files.cert, TLS_KEY: other.key }), /private key/);
  assert.equal(start({ TLS_CERT: files.cert, TLS_KEY: files.key }).TLS_CERT, files.cert);
});

// The limit that webhooks are compared with: a plain HTTP server that reads, parses and verifies the same webhooks, answers
// 200, and stores nothing. A process of its own; prints its port.
//   bare.ts <signing key>
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

const [key = ''] = process.argv.slice(2);
type Webhook = { signature: { timestamp: string; token: string; signature: string } };

function isRight(body: string): boolean {
  const { signature } = JSON.parse(body) as Webhook;
  const computed = createHmac('sha256', key)
    .update(signature.timestamp + signature.token)
    .digest();
  return timingSafeEqual(computed, Buffer.from(signature.signature, 'hex'));
}

function bodyOf(request: IncomingMessage, then: (body: string) => void): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => then(Buffer.concat(parts).toString()));
}

const server = createServer((request, response) => {
  bodyOf(request, (body) => {
    response.writeHead(isRight(body) ? 200 : 401, { 'content-type': 'application/json' });
    response.end('{"message":"kept"}');
  });
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.on('end', () => process.exit());
process.stdin.resume();

// What a hostile client can send, each bounded by the signal; loopback only. Nothing here waits for a good answer.
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

export type Target = { port: number; token: string; domain: string; stop: AbortSignal };
type Attack = (target: Target) => Promise<void>;

const MB = 1024 * 1024;

/** One client after the other, `clients` at a time, until it is over. */
async function again(clients: number, { stop }: Target, once: (n: number) => Promise<void>): Promise<void> {
  const worker = async (_: unknown, n: number) => {
    while (!stop.aborted) await once(n).catch(() => new Promise((resolve) => setTimeout(resolve, 20)));
  };
  await Promise.all(Array.from({ length: clients }, worker));
}

async function open({ port, stop }: Target): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  stop.addEventListener('abort', () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Posts and waits for the end of it, whatever that is. */
function post(target: Target, path: string, headers: Record<string, string>, body: Buffer | string): Promise<void> {
  const { port, stop } = target;
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', path, method: 'POST', headers, signal: stop }, (response) => {
      response.resume().on('close', resolve);
    });
    call.on('error', reject);
    call.end(body);
  });
}

const mailPath = ({ domain }: Target) => `/v3/${domain}/messages`;
const withToken = ({ token }: Target, type: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`api:${token}`).toString('base64')}`,
  'content-type': type,
});
const FORM = 'application/x-www-form-urlencoded';
const fill = (text: string, size: number) => text.repeat(Math.ceil(size / text.length)).slice(0, size);

/** Sends many requests without a wait, and reads the answers or does not. */
const pipelining =
  (path: string, isReading: boolean): Attack =>
  (target) =>
    again(200, target, async () => {
      const socket = await open(target);
      if (isReading) socket.resume();
      else socket.pause();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(2000));
      await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, 3000))]);
      socket.destroy();
    });

/** A megabyte each, of which the last part comes drop by drop. */
const slowBodies: Attack = (target) =>
  again(800, target, async () => {
    const socket = await open(target);
    socket.resume();
    const head = `POST /webhooks/mailgun HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${MB}\r\n\r\n`;
    socket.write(head + fill('x', MB - 100_000));
    for (let n = 0; n < 100 && socket.writable && !target.stop.aborted; n++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      socket.write('x');
    }
    socket.destroy();
  });

const idleConnections: Attack = async (target) => {
  while (!target.stop.aborted) {
    const all = await Promise.allSettled(Array.from({ length: 100 }, () => open(target)));
    for (const one of all) if (one.status === 'fulfilled') one.value.write('GET / HTTP/1.1\r\nHost: a\r\n');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

const mail = (text: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      ['from=shop@example.com', 'to=ann@example.org', 'subject=x', 'html='].map((pair) => `${pair}&`).join(''),
    ).subarray(0, -1),
    text,
  ]);

const mails =
  (text: () => Buffer): Attack =>
  (target) => {
    const body = mail(text());
    return again(30, target, () => post(target, mailPath(target), withToken(target, FORM), body));
  };

const flood =
  (clients: number, path: (target: Target) => string, type: string, body: () => string | Buffer): Attack =>
  (target) => {
    const bytes = body();
    return again(clients, target, () => post(target, path(target), withToken(target, type), bytes));
  };

const hook = () => '/webhooks/mailgun';
const multipart = 'multipart/form-data; boundary=b';

const GARBAGE: Attack[] = [
  flood(8, hook, 'application/json', () => `{"a":[${fill('{},', MB - 10)}1]}`),
  flood(8, hook, 'application/json', () => `{${Array.from({ length: 70_000 }, (_, n) => `"k${n}":1`).join(',')}}`),
  flood(8, hook, 'application/json', () => fill('[', MB)),
  flood(8, hook, 'application/json', () => `{"a":"${fill('\\"', MB - 10)}"}`),
  flood(8, hook, FORM, () => fill('a&', MB)),
  flood(8, hook, FORM, () => `a=${fill('+%41', MB - 2)}`),
  flood(8, hook, multipart, () => `--b\r\n${fill('\0', MB - 5)}`),
  flood(8, hook, multipart, () => fill('--b\r\ncontent-disposition: form-data; name="a"\r\n\r\nx\r\n', MB)),
  flood(
    8,
    () => '/api/messages',
    'application/json',
    () => fill('[', 200_000),
  ),
];

export const ATTACKS: Record<string, Attack> = {
  'pipelining, 200 × 2,000 requests': pipelining('/healthz', true),
  'the same, answers not read': pipelining('/api/status', false),
  '800 slow bodies of 1 MB': slowBodies,
  'connections with half a header': idleConnections,
  'mails of 25 MB, 30 at once': mails(() => Buffer.alloc(25 * MB - 200, 'Hello world, ')),
  'forms of 25 MB of a&': flood(8, mailPath, FORM, () => Buffer.alloc(25 * MB, 'a&')),
  'mails of 25 MB of +': mails(() => Buffer.alloc(25 * MB - 200, '+')),
  'lists of addresses, 10 MB': flood(
    8,
    mailPath,
    FORM,
    () => `from=a@b.example&text=x&${fill('to=a@b.example,&', 16_000)}to=${fill('"a" <a@b.example>,', 10 * MB)}`,
  ),
  'garbage of 1 MB, 72 at once': async (target) => void (await Promise.all(GARBAGE.map((attack) => attack(target)))),
};

/** All of them together. */
export const ALL: Attack = async (target) =>
  void (await Promise.all(Object.values(ATTACKS).map((attack) => attack(target))));

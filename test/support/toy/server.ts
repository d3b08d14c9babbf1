// A provider that nobody knows: it takes ready messages over HTTP and posts lists of events.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../../src/core/time.ts';

export type ToyMail = { id: string; ours: string; to: string; mime: string };
export type ToyEvent = {
  n: number;
  what: 'taken' | 'arrived' | 'bounced';
  at: number;
  id: string;
  ours: string;
  to: string;
};

/** How the next call ends. */
export type ToyMood = 'take' | 'refuse' | 'busy' | 'drop before' | 'drop after' | 'half an answer' | 'hang' | 'hold';

export type Toy = {
  url: string;
  mails: ToyMail[];
  events: ToyEvent[];
  mood: ToyMood;
  /** Calls that wait for their answer. */
  held: (() => void)[];
  /** Answers the calls that were held. */
  release(): void;
  /** Something that happened to a mail, which the provider has on record from then on. */
  happen(mail: ToyMail, what: ToyEvent['what']): ToyEvent;
  close(): Promise<void>;
};

export const sign = (body: string, secret: string): string => createHmac('sha256', secret).update(body).digest('hex');

export async function startToy(clock: Clock): Promise<Toy> {
  const toy: Omit<Toy, 'url' | 'close'> = {
    mails: [],
    events: [],
    mood: 'take',
    held: [],
    release: () => toy.held.splice(0).map((go) => go()),
    happen(mail, what) {
      const { id, ours, to } = mail;
      const event = { n: toy.events.length + 1, what, at: clock(), id, ours, to };
      toy.events.push(event);
      return event;
    },
  };
  const server = createServer((request, response) => void answer(toy, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(toy, {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

async function answer(
  toy: Omit<Toy, 'url' | 'close'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '', 'http://toy');
  if (toy.mood === 'drop before') return void request.socket.destroy();
  if (url.pathname === '/events') {
    const ours = url.searchParams.get('ours');
    const events = toy.events.filter((e) => ours === null || e.ours === ours);
    return void response.end(JSON.stringify(events));
  }
  const body = await text(request);
  if (toy.mood === 'hang') return;
  if (toy.mood === 'refuse') return void response.writeHead(422).end('{"error":"no"}');
  if (toy.mood === 'busy') return void response.writeHead(429).end('{"error":"later"}');
  if (toy.mood === 'hold') await new Promise<void>((resolve) => toy.held.push(resolve));
  const given = JSON.parse(body) as Omit<ToyMail, 'id'>;
  const mail = { ...given, id: `toy-${toy.mails.length + 1}` };
  toy.mails.push(mail);
  toy.happen(mail, 'taken');
  if (toy.mood === 'drop after') return void request.socket.destroy();
  const reply = JSON.stringify({ id: mail.id });
  if (toy.mood === 'half an answer') {
    response.writeHead(200, { 'content-length': reply.length });
    response.write(reply.slice(0, 4), () => request.socket.destroy());
    return;
  }
  response.end(reply);
}

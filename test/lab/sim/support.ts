import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { TestContext } from 'node:test';
import type { Ms } from '../../../src/core/time.ts';
import { listenOnLoopback } from '../../../src/lab/sim/listen.ts';
import { type SimMailgun, type SimMailgunOptions, startSimMailgun } from '../../../src/lab/sim/mailgun.ts';

export const DOMAIN = 'mg.example.com';
export const NOON: Ms = Date.parse('2026-11-25T12:00:00Z');

export type Hand = { now: Ms };

/** A sim whose clock stands at noon until the test sets it. */
export async function startByHand(
  t: TestContext,
  options: Partial<SimMailgunOptions> = {},
): Promise<{ sim: SimMailgun; hand: Hand }> {
  const hand = { now: NOON };
  const sim = await startSimMailgun({
    apiKey: 'key-test',
    signingKey: 'sign-test',
    domains: [DOMAIN],
    clock: () => hand.now,
    ...options,
  });
  t.after(sim.close);
  return { sim, hand };
}

export type Seen = { status: number; headers: Headers; text: string; body: Record<string, unknown> };

/** A call with the API key; a record is sent as a urlencoded form (lists as repeated fields). */
export async function call(
  sim: SimMailgun,
  method: string,
  path: string,
  form?: Record<string, string | string[]> | FormData,
  headers: Record<string, string> = {},
): Promise<Seen> {
  const response = await fetch(path.startsWith('http') ? path : sim.url + path, {
    method,
    redirect: 'manual',
    headers: { authorization: `Basic ${Buffer.from('api:key-test').toString('base64')}`, ...headers },
    ...(form === undefined ? {} : { body: form instanceof FormData ? form : encoded(form) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
  return { status: response.status, headers: response.headers, text, body: json ? tryJson(text) : {} };
}

function tryJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

const encoded = (form: Record<string, string | string[]>): URLSearchParams =>
  new URLSearchParams(
    Object.entries(form).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one])),
  );

export const MAIL = { from: 'App <app@mg.example.com>', to: 'ann@example.net', subject: 'Hello', text: 'A word.' };

export const send = (sim: SimMailgun, more: Record<string, string | string[]> = {}): Promise<Seen> =>
  call(sim, 'POST', `/v3/${DOMAIN}/messages`, { ...MAIL, ...more });

export type Received = { headers: IncomingHttpHeaders; raw: string; body: WebhookBody };
export type WebhookBody = {
  signature: { timestamp: string; token: string; signature: string };
  'event-data': { event: string; id: string; recipient: string; [more: string]: unknown };
};

/** A webhook receiver that answers with the statuses given, then 200 for ever; `hang` never answers. */
export async function startReceiver(
  t: TestContext,
  answers: (number | 'hang')[] = [],
): Promise<{ url: string; received: Received[]; names: () => string[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const raw = Buffer.concat(parts).toString('utf8');
      received.push({ headers: request.headers, raw, body: JSON.parse(raw) });
      const answer = answers.shift() ?? 200;
      if (answer !== 'hang') response.writeHead(answer).end();
    });
  });
  const listening = await listenOnLoopback(server, 0);
  t.after(listening.close);
  const names = (): string[] => received.map(({ body }) => body['event-data'].event);
  return { url: `http://127.0.0.1:${listening.port}/hook`, received, names };
}

export const eventNames = (sim: SimMailgun): string[] => sim.events().map((event) => event.event);

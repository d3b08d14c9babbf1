import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { answerBadly, send } from './bad-answer.ts';
import { readBody } from './form.ts';
import { listenOnLoopback } from './listen.ts';
import { answerAsMailersend } from './mailersend-api.ts';
import { announceMaintenance, tryWebhook } from './mailersend-events.ts';
import { type MailersendWorld, mailersendWorld, type SimMailersendOptions } from './mailersend-world.ts';
import { createMisbehaviours, type Misbehaviour } from './misbehave.ts';
import type { SimRequest } from './world.ts';

export type SimMailersend = Pick<
  MailersendWorld,
  'mails' | 'posts' | 'fates' | 'suppressed' | 'webhookUrl' | 'isPaused' | 'callsLeft'
> & {
  url: string;
  /** For `SECONDARY`. */
  secondary: string;
  requests: readonly SimRequest[];
  /** Tries the webhook, as MailerSend does before it saves one: only an address that answers well is saved. */
  saveWebhook(url: string): Promise<boolean>;
  maintenance(isOn: boolean): void;
  misbehave(match: (request: SimRequest) => boolean, how: Misbehaviour, times?: number): () => void;
  runDue(): Promise<void>;
  nextDueAt(): number | null;
  close(): Promise<void>;
};

/** A MailerSend on loopback that keeps to its documentation. Nothing happens by itself: see `runDue`. */
export async function startSimMailersend(options: SimMailersendOptions): Promise<SimMailersend> {
  const world = mailersendWorld(options);
  const misbehaviours = createMisbehaviours();
  const requests: SimRequest[] = [];
  const server = createServer((incoming, response) => void converse(incoming, response));
  const listening = await listenOnLoopback(server, options.port ?? 0);
  const url = `http://127.0.0.1:${listening.port}`;

  async function converse(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await requestFrom(incoming, world.clock()).catch(() => null);
    if (!request) return;
    requests.push(request);
    const how = misbehaviours.take(request);
    const work = async () => answerAsMailersend(world, request);
    request.status = how === null ? send(response, await work()) : await answerBadly(how, response, work);
  }

  return Object.assign(world, {
    url,
    secondary: `mailersend://${encodeURIComponent(options.token)}@api.mailersend.com?signing=${encodeURIComponent(options.secret)}&api=${url}`,
    requests,
    saveWebhook: (at: string) => tryWebhook(world, at),
    maintenance(isOn: boolean) {
      world.isInMaintenance = isOn;
      announceMaintenance(world, isOn);
    },
    misbehave: misbehaviours.add,
    runDue: () => world.agenda.runDue(world.clock()),
    nextDueAt: world.agenda.nextAt,
    async close() {
      world.agenda.stop();
      await listening.close();
    },
  });
}

async function requestFrom(incoming: IncomingMessage, at: number): Promise<SimRequest> {
  const url = new URL(incoming.url ?? '/', 'http://sim.invalid');
  const raw = await buffer(incoming);
  return {
    at,
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    ...readBody(raw, incoming.headers['content-type'] ?? '', undefined),
    status: null,
    isOver: false,
  };
}

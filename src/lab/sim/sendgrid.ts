import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Clock, Ms } from '../../core/time.ts';
import { type Agenda, createAgenda } from './agenda.ts';
import { answerBadly, send } from './bad-answer.ts';
import { readBody } from './form.ts';
import { listenOnLoopback } from './listen.ts';
import { createMisbehaviours, type Misbehaviours } from './misbehave.ts';
import { type Reply, reply } from './reply.ts';
import { errors, LARGEST_MAIL, refusedMail, type SentMail } from './sendgrid-check.ts';
import { createHook, type Hook } from './sendgrid-hook.ts';
import type { SimRequest } from './world.ts';

export type SimSendGridOptions = {
  apiKey: string;
  /** What the key may do. */
  scopes?: string[];
  /** Domains of verified senders; without them everybody is one. */
  senders?: string[];
  webhookUrl?: string;
  clock?: Clock;
};

/** What becomes of a mail, one event after the other; `after` so long. */
export type SendGridFate = readonly { after?: Ms; event: string; [more: string]: unknown }[];

const DELIVERED: SendGridFate = [{ event: 'delivered', response: '250 2.0.0 OK' }];
/** A mail that was taken, for one recipient. */
export type TakenMail = { id: string; at: Ms; recipient: string; sent: SentMail };

export type SimSendGrid = {
  url: string;
  /** The URL to name in `SECONDARY`. */
  secondary: string;
  requests: SimRequest[];
  mails: TakenMail[];
  hook: Hook;
  /** Of all mails to this recipient from now on. */
  fate(recipient: string, fate: SendGridFate): void;
  misbehave: Misbehaviours['add'];
  runDue(): Promise<void>;
  nextDueAt(): Ms | null;
  /** An event of a mail, as it would be posted. */
  event(mail: TakenMail, what: SendGridFate[number]): Parameters<Hook['add']>[0];
  close(): Promise<void>;
};

/** It tells of a mail after that, and collects so long what it posts together. */
const LATENCY: Ms = 500;
const COLLECT: Ms = 300;

/** SendGrid's v3 API as far as mail is handed over by it, and its signed event webhook. */
export async function startSimSendGrid(options: SimSendGridOptions): Promise<SimSendGrid> {
  const clock = options.clock ?? Date.now;
  const agenda = createAgenda(clock, options.clock ? 'hand' : 'timers', 16);
  const hook = createHook({ clock, agenda, url: options.webhookUrl ?? null, collect: COLLECT });
  const misbehaviours = createMisbehaviours();
  const fates = new Map<string, SendGridFate>();
  const mails: TakenMail[] = [];
  const requests: SimRequest[] = [];
  const take = (sent: SentMail): Reply => {
    const taken = takenMails(sent, clock());
    mails.push(...taken);
    for (const mail of taken)
      foretell({ agenda, hook, clock }, mail, fates.get(mail.recipient.toLowerCase()) ?? DELIVERED);
    return { status: 202, headers: { 'X-Message-Id': taken[0]?.id ?? '' }, body: '' };
  };
  const server = createServer(async (incoming, response) => {
    const request = await requestFrom(incoming, clock()).catch(() => null);
    if (request === null) return; // the caller hung up
    requests.push(request);
    await converse(request, response, misbehaviours, async () => answer(options, request, take));
  });
  const listening = await listenOnLoopback(server, 0);
  const url = `http://127.0.0.1:${listening.port}`;
  return {
    url,
    secondary: secondaryUrl(options.apiKey, { signing: hook.publicKey, api: url }),
    requests,
    mails,
    hook,
    fate: (recipient, fate) => void fates.set(recipient.toLowerCase(), fate),
    misbehave: misbehaviours.add,
    runDue: () => agenda.runDue(),
    nextDueAt: agenda.nextAt,
    event: (mail, what) => eventOf(mail, what, clock()),
    async close() {
      agenda.stop();
      await listening.close();
    },
  };
}

/** One for each recipient, under one id. */
function takenMails(sent: SentMail, at: Ms): TakenMail[] {
  const id = randomBytes(16).toString('base64url');
  return sent.personalizations.flatMap(({ to }) => to).map(({ email }) => ({ id, at, recipient: email, sent }));
}

type Telling = { agenda: Agenda; hook: Hook; clock: Clock };

/** Puts on the agenda what becomes of a mail. */
function foretell({ agenda, hook, clock }: Telling, mail: TakenMail, fate: SendGridFate): void {
  let at = clock() + LATENCY;
  for (const what of [{ event: 'processed', after: 0 }, ...fate]) {
    at += what.after ?? 0;
    agenda.add(at, () => hook.add(eventOf(mail, what, clock())));
  }
}

const secondaryUrl = (key: string, switches: Record<string, string>): string =>
  `sendgrid://${encodeURIComponent(key)}@api.sendgrid.com?${new URLSearchParams(switches)}`;

async function requestFrom(incoming: IncomingMessage, at: Ms): Promise<SimRequest> {
  const url = new URL(incoming.url ?? '/', 'http://sim.invalid');
  const raw = await buffer(incoming);
  const body = readBody(raw, incoming.headers['content-type'] ?? '', undefined);
  const { method = 'GET', headers } = incoming;
  return { at, method, path: url.pathname, query: url.searchParams, headers, ...body, status: null, isOver: false };
}

async function converse(
  request: SimRequest,
  response: ServerResponse,
  misbehaviours: Misbehaviours,
  work: () => Promise<Reply>,
): Promise<void> {
  response.once('close', () => {
    request.isOver = true;
  });
  const how = misbehaviours.take(request);
  request.status = how === null ? send(response, await work()) : await answerBadly(how, response, work);
}

function answer(options: SimSendGridOptions, request: SimRequest, take: (sent: SentMail) => Reply): Reply {
  const { apiKey, scopes = ['mail.send'], senders } = options;
  const { method, path, headers, json } = request;
  if (headers.authorization !== `Bearer ${apiKey}`)
    return errors(401, 'The provided authorization grant is invalid, expired, or revoked');
  if (method === 'GET' && path === '/v3/scopes') return reply({ scopes });
  if (method !== 'POST' || path !== '/v3/mail/send') return errors(404, 'not found');
  if (!scopes.includes('mail.send')) return errors(403, 'access forbidden');
  if (Number(headers['content-length']) > LARGEST_MAIL) return { status: 413, headers: {}, body: '' };
  const refused = refusedMail(json);
  if (refused) return refused;
  const sent = json as SentMail;
  const isVerified = senders?.some((domain) => sent.from.email.toLowerCase().endsWith(`@${domain}`)) ?? true;
  if (!isVerified) return errors(403, 'The from address does not match a verified Sender Identity.', 'from');
  return take(sent);
}

/** Our arguments lie among SendGrid's own fields. */
function eventOf(mail: TakenMail, what: SendGridFate[number], at: Ms): Parameters<Hook['add']>[0] {
  const { after: _, ...fields } = what;
  const own = mail.sent.personalizations.find(({ to }) => to.some(({ email }) => email === mail.recipient));
  return {
    email: mail.recipient,
    timestamp: Math.floor(at / 1000),
    sg_event_id: randomBytes(24).toString('base64url'),
    sg_message_id: `${mail.id}.recvd-5f54b5d587-c9xlb-1-67BADEEA-6.0`,
    'smtp-id': mail.sent.headers?.['Message-ID'] ?? `<${mail.id}@geopod-ismtpd-1>`,
    ...own?.custom_args,
    ...fields,
  };
}

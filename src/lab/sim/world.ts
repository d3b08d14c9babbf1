import type { IncomingHttpHeaders } from 'node:http';
import { type Clock, DAY, type Ms } from '../../core/time.ts';
import type { FormFile } from '../../mail/form.ts';
import { type Agenda, createAgenda } from './agenda.ts';
import { createFates, type Fates, type Outcome } from './fates.ts';

/** The body of an event, as webhooks and the Events API show it. */
export type EventData = {
  event: string;
  id: string;
  /** Seconds, with fractions. */
  timestamp: number;
  domain: { name: string };
  tags: string[];
  recipient?: string;
  severity?: string;
  reason?: string;
  message?: {
    headers?: Record<string, string>;
    attachments?: { filename: string }[];
    recipients?: string[];
    size?: number;
    [more: string]: unknown;
  };
  storage?: { url: string; key: string; region: string; env: string };
  'delivery-status'?: Record<string, unknown>;
  'user-variables'?: unknown;
  [more: string]: unknown;
};

/** Where Mailgun's behaviour is unknown or bad: may be changed in the middle of a play. */
export type Quirks = {
  repostId: 'same' | 'new';
  repostKeepsVariables: boolean;
  /** Of a re-post; a send always honours it. */
  honoursDeliveryTime: boolean;
  /** What the host in `storage.url` says to GET and POST, while the API base goes on working. */
  storageHostAnswers: 'ok' | 400 | 404;
  /** How far ahead a delivery time may lie, unless the domain's `retention` is given: then that is the limit. */
  scheduleHorizon: Ms;
  deliveryLatency: Ms;
  /** Mailgun's own wait after each temporary failure; null is as documented: 10, 15, 30 min, 1, 2, 4 h. */
  deferDelay: Ms | null;
  /** An event shows up in the Events and Logs APIs this much later, between older ones. */
  eventLag: Ms | ((event: EventData) => Ms);
  /** Older events are not to be had from the Events API. */
  eventRetention: Ms;
  eventsApi: 'ok' | 'gone' | 'error';
  logsApi: 'ok' | 'gone' | 'error';
  /** Failed items of the Logs API lack severity, reason, storage and message. */
  sparseLogs: boolean;
  webhookLatency: Ms;
  webhookTimeout: Ms;
  /** Webhooks that are due go out before the API call that caused them is answered. */
  webhookBeforeAnswer: boolean;
  /** Stretches or shrinks the waits between tries (5, 10, 15 min, 1, 2, 4 h). */
  webhookRetryScale: number;
  /** Delivered, opened and clicked are retried too. */
  webhookRetriesAll: boolean;
  /** Each webhook is held back by a random time, and those due together go out in random order. */
  shuffle: { seed: number; within: Ms } | null;
  /** Each webhook is posted so many times, with one and the same signature. */
  repeat: number;
  lose: (event: EventData) => boolean;
};

export type SimRecord = { name: string; type: 'TXT' | 'CNAME' | 'MX'; value: string };

/** As documented; what a stage needs to end, and how long one lasts, is not: a play sets the numbers. */
export type SimWarmup = {
  ip: string;
  stage: number;
  stages: number;
  stageLimit: number;
  hourlyLimit: number;
  /** `25%` */
  sent: string;
  /** ISO 8601. */
  stageSince: string;
  since: string;
};

/** What the account has for sending; may be changed in the middle of a play. */
export type SimSending = {
  dedicated?: string[];
  pools?: { pool_id: string; name: string; ips: string[] }[];
  warmups?: SimWarmup[];
  thresholds?: Record<string, unknown>[];
  hits?: Record<string, unknown>[];
  classified?: { entity: string; metrics: Record<string, number> }[];
  /** The key may not ask for any of it. */
  denied?: boolean;
};

export type WorldOptions = {
  apiKey: string;
  /** May only send. */
  sendingKey?: string;
  signingKey: string;
  domains: string[];
  /** Receives every kind of event of every domain, beside what is registered through the API. */
  webhookUrl?: string;
  clock?: Clock;
  /** Default: by timers, or by hand when a clock is given. */
  drive?: 'timers' | 'hand';
  /** The domains' message_ttl. */
  retention?: Ms;
  quirks?: Partial<Quirks>;
  /** The DNS records that every domain needs. */
  dns?: { sending: SimRecord[]; receiving?: SimRecord[] };
  /** Whether opens and clicks are tracked. */
  tracking?: boolean;
  /** The account's IP addresses. */
  ips?: string[];
  sending?: SimSending;
  /** What happens to a recipient without a script of its own. */
  otherwise?: (recipient: string) => Outcome;
};

export type SimRequest = {
  at: Ms;
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Form fields (or the members of a JSON object) that are text. */
  fields: Record<string, string[]>;
  files: Record<string, FormFile[]>;
  /** What was sent, when it was JSON. */
  json: unknown;
  /** False when the body could not be read as what it said it was. */
  readable: boolean;
  /** Null while it is unanswered. */
  status: number | null;
  /** Answered, or the caller has hung up. */
  isOver: boolean;
};

/** What a path names: a domain, and the key, token, address or name at its end; empty where it names none. */
export type Place = { domain: string; last: string };

export type StoredMessage = {
  key: string;
  domain: string;
  /** Without angle brackets. */
  messageId: string;
  headers: { from: string; to: string; subject: string };
  sender: string;
  recipients: string[];
  mime: Buffer;
  text: string | null;
  html: string | null;
  attachments: { filename: string; 'content-type': string; size: number }[];
  variables: Record<string, unknown>;
  tags: string[];
  testMode: boolean;
  deliverWithin: Ms | null;
  storedAt: Ms;
};

export type HandOver = {
  at: Ms;
  kind: 'send' | 'repost';
  domain: string;
  messageId: string;
  storageKey: string;
  recipient: string;
  /** As asked for, honoured or not. */
  deliverAt: Ms | null;
  variables: Record<string, unknown>;
};

/** A mail that really reached a mailbox. */
export type Copy = { at: Ms; recipient: string; messageId: string; mime: string };

export type WebhookPost = {
  at: Ms;
  url: string;
  /** As subscribed to: permanent_fail, not failed. */
  name: string;
  event: EventData;
  body: string;
  /** 1 for the first. */
  attempt: number;
  /** A status, or why there is none. */
  answer: number | 'no answer' | 'lost';
};

export type Suppression = { address: string; createdAt: Ms; code: string; error: string; tags: string[] };
/** Of an address that is on several, the first says why it gets nothing. */
export const LISTS = ['bounces', 'unsubscribes', 'complaints'] as const;
export type SuppressionList = (typeof LISTS)[number];

/** All that a simulated Mailgun knows. */
export type World = {
  options: WorldOptions;
  clock: Clock;
  agenda: Agenda;
  fates: Fates;
  quirks: Quirks;
  retention: Ms;
  /** Where the API answers, and where storage URLs point to; known once the server listens. */
  apiOrigin: string;
  storageOrigin: string;
  webhookUrl: string | null;
  /** Domain, then subscription name, then URLs. */
  hooks: Map<string, Map<string, string[]>>;
  stored: Map<string, StoredMessage>;
  events: { visibleAt: Ms; event: EventData }[];
  /** How many events there are of each millisecond. */
  eventsAt: Map<Ms, number>;
  /** Domain and list, then address in lower case. */
  suppressions: Map<string, Map<string, Suppression>>;
  requests: SimRequest[];
  handovers: HandOver[];
  copies: Copy[];
  webhooks: WebhookPost[];
  /** By seed: what webhooks are shuffled with. */
  shufflers: Map<number, () => number>;
};

/** One message on its way to one recipient. */
export type Flight = {
  world: World;
  message: StoredMessage;
  recipient: string;
  /** The address of the pool that it leaves from. */
  ip: string;
  /** When Mailgun stops trying. */
  giveUpAt: Ms | null;
};

export function createWorld(options: WorldOptions): World {
  const clock = options.clock ?? Date.now;
  const drive = options.drive ?? (options.clock === undefined ? 'timers' : 'hand');
  return {
    options,
    clock,
    // By hand one webhook is answered before the next goes out, so that a test sees one order only.
    agenda: createAgenda(clock, drive, drive === 'hand' ? 1 : 16),
    fates: createFates(options.otherwise ?? (() => 'deliver')),
    quirks: { ...usualQuirks(drive), ...options.quirks },
    retention: options.retention ?? 3 * DAY,
    apiOrigin: '',
    storageOrigin: '',
    webhookUrl: options.webhookUrl ?? null,
    hooks: new Map(),
    stored: new Map(),
    events: [],
    eventsAt: new Map(),
    suppressions: new Map(),
    requests: [],
    handovers: [],
    copies: [],
    webhooks: [],
    shufflers: new Map(),
  };
}

/**
 * When timers drive it nothing overtakes the answer of the API, as in life; by hand nothing happens before it is asked
 * for.
 */
function usualQuirks(drive: 'timers' | 'hand'): Quirks {
  return {
    repostId: 'new',
    repostKeepsVariables: true,
    honoursDeliveryTime: true,
    storageHostAnswers: 'ok',
    scheduleHorizon: 3 * DAY,
    deliveryLatency: drive === 'timers' ? 40 : 0,
    deferDelay: null,
    eventLag: 0,
    eventRetention: 30 * DAY,
    eventsApi: 'ok',
    logsApi: 'ok',
    sparseLogs: false,
    webhookLatency: drive === 'timers' ? 20 : 0,
    webhookTimeout: 10_000,
    webhookBeforeAnswer: false,
    webhookRetryScale: 1,
    webhookRetriesAll: false,
    shuffle: null,
    repeat: 1,
    lose: () => false,
  };
}

/** The entries of one list of one domain. */
export function suppressionsOf(world: World, domain: string, list: SuppressionList): Map<string, Suppression> {
  const name = `${domain} ${list}`;
  const found = world.suppressions.get(name) ?? new Map<string, Suppression>();
  world.suppressions.set(name, found);
  return found;
}

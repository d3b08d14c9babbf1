import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../base/errors.ts';
import { gather } from '../base/gather.ts';
import type { Log } from '../base/log.ts';
import { within } from '../base/wait.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import type { OpenedEvent, Webhook } from '../providers/provider.ts';
import { type Arrival, eventKeyOf } from '../store/inbox/inbox.ts';
import { aboutOf } from '../store/inbox/news.ts';
import { answer } from './answer.ts';
import { type Bodies, discard, SenderGone } from './body.ts';

/** Where a provider posts what it has to tell. */
export type WebhookOf = Webhook & { provider: string };

export type WebhookDeps = {
  webhooks: readonly WebhookOf[];
  bodies: Bodies;
  /** Makes events durable, all or none. */
  keep(arrivals: readonly Arrival[]): Promise<void>;
  /** Keeping them takes this thread, which can do nothing else meanwhile. */
  isSynchronous?: boolean;
  /** Called after each commit, with how many events are in it. */
  onKept(count: number): void;
  /** How long a sender waits to hear that its event is stored, or that it could not be. */
  patience?: Ms;
  /** Called when one webhook after the other has a right signature that is stale, with the time of the last. */
  onStale?(signedAt: Ms): void;
  now: Clock;
  log: Log;
};

const BODY_LIMIT = 1024 * 1024;
const BATCH = 256;
/**
 * When more events than this wait for the database it can not keep up, and 503 is answered. Mailgun posts them again,
 * for 8 hours.
 */
const WAITING = 2000;
/** Some may wait on when their sender has heard that it takes too long. */
const WAITING_BYTES = 32 * 1024 * 1024;
const CONTENT_TYPE_LIMIT = 255;
/** A sender hears within this time that its event could not be stored, before it gives up waiting by itself. */
const PATIENCE: Ms = 8 * SECOND;

const RETRY = { 'Retry-After': '30' };

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Answers the webhooks of providers, by path: 200 only when the events are durable. They are kept here and understood
 * later. What arrives while a commit is under way goes into the next one together.
 */
export function createWebhooks(deps: WebhookDeps): ReadonlyMap<string, Handler> {
  const file = createFiling(deps);
  return new Map(deps.webhooks.map((webhook) => [webhook.path, createWebhook(webhook, deps, file)]));
}

/** So many stale ones, and no other between them, say something of our clock. */
const STALE = 3;

function createWebhook({ open, provider }: WebhookOf, { bodies, now, log, onStale }: WebhookDeps, file: File): Handler {
  let stale = 0;
  const tellForged = atMostOnceA(MINUTE, now, (count) =>
    log.warn({ provider, count }, 'webhooks with a wrong or stale signature were refused'),
  );

  return async (request, response) => {
    if (request.method !== 'POST') {
      discard(request);
      return answer(response, 405, { error: 'only POST' }, { Allow: 'POST' });
    }
    try {
      const raw = await bodies.read(request, BODY_LIMIT, 'anybody');
      const contentType = request.headers['content-type'];
      if ((contentType?.length ?? 0) > CONTENT_TYPE_LIMIT) return answer(response, 406, { error: 'not an event' });
      const opened = open({ raw, headers: request.headers }, now());
      if (opened.kind === 'unusable') return answer(response, 406, { error: opened.detail });
      if (opened.kind === 'forged') {
        tellForged();
        if (opened.signedAt !== undefined && ++stale >= STALE) onStale?.(opened.signedAt);
        return answer(response, 401, { error: opened.detail });
      }
      stale = 0;
      const kept = await file(opened.events.map((event) => arrivalOf(provider, event, now())));
      if (kept) return answer(response, 200, { message: 'kept' });
      return answer(response, 503, { error: 'it can not be stored now' }, RETRY);
    } catch (error) {
      return refuse(error, request, response, log);
    }
  };
}

function refuse(error: unknown, request: IncomingMessage, response: ServerResponse, log: Log): void {
  if (error instanceof SenderGone) {
    request.destroy();
    return;
  }
  if (error instanceof AppError) {
    const isCrowded = error.code === 'unavailable';
    const status = isCrowded ? 503 : error.code === 'too_large' ? 413 : 415;
    answer(response, status, { error: error.message }, { Connection: 'close', ...(isCrowded ? RETRY : {}) });
    return;
  }
  log.error({ error }, 'a webhook could not be answered');
  // Mailgun tries again after this answer: nothing is known to be wrong with the event.
  answer(response, 500, { error: 'internal error' });
}

function arrivalOf(provider: string, { sighting, ...event }: OpenedEvent, now: Ms): Arrival {
  const eventKey = sighting ? eventKeyOf(sighting) : null;
  const about = sighting ? aboutOf(sighting) : null;
  return { ...event, provider, source: 'webhook', eventKey, about, receivedAt: now };
}

/** Makes all events of a request durable; false when that can not be done now. */
type File = (arrivals: readonly Arrival[]) => Promise<boolean>;

function createFiling({ keep, isSynchronous = false, onKept, log, patience = PATIENCE }: WebhookDeps): File {
  let waiting = 0;
  let bytes = 0;
  const add = gather<{ arrivals: readonly Arrival[]; kept: boolean }>(
    async (items) => {
      try {
        const arrivals = items.flatMap((item) => item.arrivals);
        await keep(arrivals);
        for (const item of items) item.kept = true;
        onKept(arrivals.length);
      } catch (error) {
        log.error({ events: items.length, error }, 'events could not be stored; Mailgun will post them again');
      }
    },
    BATCH,
    { atOnce: !isSynchronous },
  );

  return async (arrivals) => {
    const size = arrivals.reduce((sum, { body }) => sum + body.length, 0);
    if (waiting >= WAITING || bytes + size > WAITING_BYTES) return false;
    const item = { arrivals, kept: false };
    waiting += arrivals.length;
    bytes += size;
    const filed = add(item).finally(() => {
      waiting -= arrivals.length;
      bytes -= size;
    });
    // What is kept after that is kept once, as the provider's repeat of it is left out.
    await within(filed, patience, undefined);
    return item.kept;
  };
}

/**
 * Counts, and reports the count at once and then once a period: anybody may post to this address, and could fill the
 * log.
 */
function atMostOnceA(period: Ms, now: Clock, tell: (count: number) => void): () => void {
  let count = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  return () => {
    count++;
    if (now() - toldAt < period) return;
    tell(count);
    count = 0;
    toldAt = now();
  };
}

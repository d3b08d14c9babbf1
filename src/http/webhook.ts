import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { groupBy } from '../core/group.ts';
import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import type { Opened, Webhook } from '../providers/provider.ts';
import { arrivalOf, createFiling, type File, type FilingDeps } from '../store/inbox/filing.ts';
import { answer } from './answer.ts';
import { type Bodies, discard, SenderGone } from './body.ts';

/** Where a provider posts what it has to tell. */
export type WebhookOf = Webhook & { provider: string };

export type WebhookDeps = FilingDeps & {
  webhooks: readonly WebhookOf[];
  bodies: Bodies;
  /** Called when one webhook after the other has a right signature that is stale, with the time of the last. */
  onStale?(signedAt: Ms): void;
  /** Called for each that is refused. */
  onRefused?(provider: string, reason: string): void;
  now: Clock;
};

const BODY_LIMIT = 1024 * 1024;
const CONTENT_TYPE_LIMIT = 255;

const RETRY = { 'Retry-After': '30' };

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Answers the webhooks of providers, by path: 200 only when the events are durable, and 503 when they can not be stored now,
 * after which Mailgun posts them again for 8 hours. They are kept here and understood later.
 */
export function createWebhooks(deps: WebhookDeps): ReadonlyMap<string, Handler> {
  const file = createFiling(deps);
  const byPath = groupBy(deps.webhooks, ({ path }) => path);
  return new Map([...byPath].map(([path, same]) => [path, createWebhook(same, deps, file)]));
}

/** So many stale ones, and no other between them, say something of our clock. */
const STALE = 3;

type Same = readonly [WebhookOf, ...WebhookOf[]];

/** One path, for one provider or for several of one kind. */
function createWebhook(same: Same, { bodies, now, log, onStale, onRefused }: WebhookDeps, file: File): Handler {
  let stale = 0;
  const names = same.map(({ provider }) => provider).join(', ');
  const tellForged = atMostOnceA(MINUTE, now, (count) =>
    log.warn({ provider: names, count }, 'webhooks with a wrong or stale signature were refused'),
  );

  return async (request, response) => {
    if (request.method !== 'POST') {
      discard(request);
      return answer(response, 405, { error: 'only POST' }, { Allow: 'POST' });
    }
    const turnAway = (status: number, error: string, headers: Record<string, string> = {}) => {
      onRefused?.(names, error);
      answer(response, status, { error }, headers);
    };
    try {
      const raw = await bodies.read(request, BODY_LIMIT, 'anybody');
      const contentType = request.headers['content-type'];
      if ((contentType?.length ?? 0) > CONTENT_TYPE_LIMIT) return turnAway(406, 'not an event');
      const { provider, opened } = openedBy(same, { raw, headers: request.headers }, now());
      if (opened.kind === 'unusable') return turnAway(406, opened.detail);
      if (opened.kind === 'forged') {
        tellForged();
        if (opened.signedAt !== undefined && ++stale >= STALE) onStale?.(opened.signedAt);
        return turnAway(401, opened.detail);
      }
      stale = 0;
      const kept = await file(opened.events.map((event) => arrivalOf(provider, event, now())));
      if (kept) return answer(response, 200, { message: 'kept' });
      return turnAway(503, 'it can not be stored now', RETRY);
    } catch (error) {
      return refuse(error, { request, turnAway, log });
    }
  };
}

/** By whom it is genuine; by the last one if by none of them. */
function openedBy([first, ...others]: Same, request: Parameters<Webhook['open']>[0], now: Ms): OpenedBy {
  const opened = first.open(request, now);
  const [next, ...more] = others;
  return opened.kind === 'forged' && next
    ? openedBy([next, ...more], request, now)
    : { provider: first.provider, opened };
}

type OpenedBy = { provider: string; opened: Opened };

type TurnAway = (status: number, error: string, headers?: Record<string, string>) => void;

function refuse(
  error: unknown,
  { request, turnAway, log }: { request: IncomingMessage; turnAway: TurnAway; log: Log },
): void {
  if (error instanceof SenderGone) {
    request.destroy();
    return;
  }
  if (error instanceof AppError) {
    const isCrowded = error.code === 'unavailable';
    const status = isCrowded ? 503 : error.code === 'too_large' ? 413 : 415;
    turnAway(status, error.message, { Connection: 'close', ...(isCrowded ? RETRY : {}) });
    return;
  }
  log.error({ error }, 'a webhook could not be answered');
  // Mailgun tries again after this answer: nothing is known to be wrong with the event.
  turnAway(500, 'internal error');
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

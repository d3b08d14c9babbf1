import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../base/errors.ts';
import { gather } from '../base/gather.ts';
import type { Log } from '../base/log.ts';
import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import type { Arrival } from '../store/inbox.ts';
import { answer } from './answer.ts';
import { discard, readBody, SenderGone } from './body.ts';

export const WEBHOOK_PATH = '/webhooks/mailgun';

/** What a body turned out to be. */
export type Opened =
  | { kind: 'event'; hmac: string; body: string; contentType: string; sighting: { eventKey: string } | null }
  | { kind: 'forged'; detail: string }
  | { kind: 'unusable'; detail: string };

export type WebhookDeps = {
  open(raw: Buffer, contentType: string | undefined, now: Ms): Opened;
  /** Makes events durable, all or none. */
  keep(arrivals: readonly Arrival[]): Promise<void>;
  /** Called after each commit. */
  onKept(): void;
  now: Clock;
  log: Log;
};

const BODY_LIMIT = 1024 * 1024;
const BATCH = 256;
/** More than this waiting for the database means that it can't keep up: Mailgun keeps what it can't post, for 8 hours. */
const WAITING = 2000;
const WAITING_BYTES = 64 * 1024 * 1024;
const CONTENT_TYPE_LIMIT = 255;

/**
 * Answers Mailgun: 200 when the event is durable, and not before. It is not understood here, only kept. What arrives while
 * a commit is under way goes into the next one together.
 */
export function createWebhook(
  deps: WebhookDeps,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { open, now, log } = deps;
  const file = createFiling(deps);
  const tellForged = atMostOnceA(MINUTE, now, (count) =>
    log.warn({ count }, 'webhooks with a wrong or stale signature were refused'),
  );

  return async (request, response) => {
    if (request.method !== 'POST') {
      discard(request);
      return answer(response, 405, { error: 'only POST' }, { Allow: 'POST' });
    }
    try {
      const raw = await readBody(request, BODY_LIMIT);
      const contentType = request.headers['content-type'];
      if ((contentType?.length ?? 0) > CONTENT_TYPE_LIMIT) return answer(response, 406, { error: 'not an event' });
      const opened = open(raw, contentType, now());
      if (opened.kind === 'unusable') return answer(response, 406, { error: opened.detail });
      if (opened.kind === 'forged') {
        tellForged();
        return answer(response, 401, { error: opened.detail });
      }
      const kept = await file(arrivalOf(opened, now()));
      if (kept) return answer(response, 200, { message: 'kept' });
      return answer(response, 503, { error: 'it can not be stored now' }, { 'Retry-After': '30' });
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
    answer(response, error.code === 'too_large' ? 413 : 415, { error: error.message });
    return;
  }
  log.error({ error }, 'a webhook could not be answered');
  // An answer that makes Mailgun try again: nothing is known to be wrong with the event.
  answer(response, 500, { error: 'internal error' });
}

function arrivalOf(opened: Extract<Opened, { kind: 'event' }>, now: Ms): Arrival {
  return {
    source: 'webhook',
    replayKey: opened.hmac,
    eventKey: opened.sighting?.eventKey ?? null,
    receivedAt: now,
    contentType: opened.contentType,
    body: opened.body,
  };
}

/** Says whether an event was made durable; false when that can't be done now. */
function createFiling({ keep, onKept, log }: WebhookDeps): (arrival: Arrival) => Promise<boolean> {
  let waiting = 0;
  let bytes = 0;
  const add = gather<{ arrival: Arrival; kept: boolean }>(async (items) => {
    try {
      await keep(items.map((item) => item.arrival));
      for (const item of items) item.kept = true;
      onKept();
    } catch (error) {
      log.error({ events: items.length, error }, 'events could not be stored; Mailgun will post them again');
    }
  }, BATCH);

  return async (arrival) => {
    const size = arrival.body.length;
    if (waiting >= WAITING || bytes + size > WAITING_BYTES) return false;
    const item = { arrival, kept: false };
    waiting++;
    bytes += size;
    await add(item);
    waiting--;
    bytes -= size;
    return item.kept;
  };
}

/** Counts, and tells of the count at once and then once a period: anybody may post to this address. */
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

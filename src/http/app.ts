import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import Router from '@koa/router';
import Koa, { type Context, type Middleware, type Next } from 'koa';
import { AppError, type ErrorCode } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { plainPage } from '../contract/page.ts';
import { statusTokens } from '../contract/status-token.ts';
import { sharedTraffic } from '../contract/traffic.ts';
import { safeJson } from '../core/safe-text.ts';
import type { Clock, Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { keepIn } from '../store/inbox/filing.ts';
import type { Arrival } from '../store/inbox/inbox.ts';
import { JSON_HEADERS } from './answer.ts';
import { type ApiDeps, createApi } from './api.ts';
import { type Bodies, createBodies, discard, SenderGone } from './body.ts';
import { createEvents } from './events.ts';
import { createHints, type HintDeps } from './hints.ts';
import { createHolds } from './holds.ts';
import { asksIdentity, createIdentity } from './identity.ts';
import { createIncidents, createTaking } from './incidents.ts';
import { atAnyBase, createIntake } from './intake.ts';
import { LIMITS } from './limits/limits.ts';
import { createMetrics, type MetricsDeps } from './metrics.ts';
import { createOpenapi } from './openapi.ts';
import { createOutages } from './outages.ts';
import { createPages } from './pages.ts';
import { createPeople, fromAnywhere } from './people.ts';
import { createQueue } from './queue.ts';
import { createScript } from './script.ts';
import { isBrowser, showPage } from './show-page.ts';
import { createReadiness } from './status.ts';
import { createSupport } from './support.ts';
import { createSuppressions } from './suppressions.ts';
import { createWebhooks, type WebhookOf } from './webhook.ts';

/** Whether the reconciler of this process runs; `problem` says in words when it does not. */
export type Beat = { lastRun: Ms | null; problem: string | null };

export type AppDeps = {
  store: Store;
  /** Where providers post what they have to tell. */
  webhooks: readonly WebhookOf[];
  /** Where others tell of providers. */
  statusPages?: NonNullable<HintDeps['statusPages']>;
  alerts?: NonNullable<HintDeps['alerts']>;
  settings: ApiDeps['settings'];
  /** Tokens of the API; with none of them every call is refused. */
  tokens: readonly string[];
  /** What mail in the queue is sealed with; without it none is taken. */
  encryptionKey?: string | null;
  /** Those before it: by them older tokens are known. */
  olderKeys?: readonly string[];
  /** The domains that are sent for; any when they are not said. */
  domains?: readonly string[];
  /** The names of those whom mail is handed to; any when they are not said. */
  providers?: readonly string[];
  /** How many days finished messages are kept, where that is said. */
  retentionDays?: number;
  /** Called when events came in, when applications told something, and when mail was queued. */
  onKept(count: number): void;
  onStale?(signedAt: Ms): void;
  /** Called for each webhook that is refused. */
  onRefused?(provider: string, reason: string): void;
  onTold?(): void;
  onQueued?(): void;
  now: Clock;
  /** Aborted when the process is about to stop. */
  signal: AbortSignal;
  log: Log;
  /** What is measured, for those who watch over many daemons. */
  metrics?: NonNullable<MetricsDeps['metrics']>;
  /** Bytes that bodies of requests may take. */
  memory?: number;
  /** Pages for people who have a login, which come before all other routes. */
  pages?(deps: AppDeps & { bodies: Bodies }): Router;
  /** How events are made durable; by default in one commit of the store. */
  keep?(arrivals: readonly Arrival[]): Promise<void>;
  /** Whether the work goes on, where something is known of it. */
  beat?(): Beat;
  /** How long a webhook waits for that. */
  patience?: Ms;
  /** Answers only whether it is alive and ready, and what is measured: requests are for other daemons. */
  isApart?: boolean;
};

/**
 * Everything that is answered over HTTP. Webhooks are answered before Koa, because its router and a body parser cost as
 * much as all the real work of a webhook. The headers Host and X-Forwarded-* are never trusted.
 */
export function createApp(deps: AppDeps): { callback(): RequestListener } {
  const bodies = createBodies(deps.memory ?? LIMITS.memory);
  const webhooks = createWebhooks({
    ...{ ...deps, bodies, keep: deps.keep ?? keepIn(deps) },
    ...(deps.isApart ? { webhooks: [] } : {}),
    isSynchronous: deps.store.isSynchronous,
  });
  const koa = createKoa(deps, bodies).callback();
  const identity = createIdentity(deps);
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?', 1);
    try {
      const webhook = webhooks.get(path);
      await (webhook && asksIdentity(request) ? identity : (webhook ?? koa))(request, response);
    } finally {
      bodies.release(request);
    }
  }
  return { callback: () => (request, response) => void serve(request, response) };
}

function createKoa(deps: AppDeps, bodies: Bodies): Koa {
  const koa = new Koa();
  koa.on('error', (error: unknown) => {
    // Whoever hangs up must not fill the log.
    const level = isOfConnection(error) ? 'debug' : 'error';
    deps.log[level]({ error }, 'an answer could not be sent');
  });
  koa.use(atAnyBase);
  koa.use(answerErrors(deps.log));
  koa.use(fromAnywhere);
  for (const router of [
    createOpenRoutes(deps),
    createMetrics(deps),
    ...(deps.isApart ? [] : routersOf(deps, bodies)),
  ]) {
    koa.use(router.routes() as Middleware);
    koa.use(router.allowedMethods() as Middleware);
  }
  return koa;
}

function routersOf(deps: AppDeps, bodies: Bodies): Router[] {
  const { encryptionKey, olderKeys = [] } = deps;
  const traffic = sharedTraffic(deps);
  const tokens = statusTokens(encryptionKey ? [encryptionKey, ...olderKeys] : []);
  return [
    // Each request is looked up in one after the other, and most of them bring mail.
    createIntake({ ...deps, bodies, statusTokens: tokens }),
    createTaking({ ...deps, bodies }),
    ...(deps.pages ? [deps.pages({ ...deps, bodies })] : []),
    createPeople({ ...deps, statusTokens: tokens }),
    createScript(),
    createOpenapi(),
    createApi({ ...deps, bodies, statusTokens: tokens, traffic }),
    createSuppressions(deps),
    createSupport({ ...deps, traffic }),
    createQueue(deps),
    createOutages(deps),
    createEvents({ ...deps, bodies }),
    createHolds({ ...deps, bodies }),
    createIncidents({ ...deps, bodies }),
    createHints({ ...deps, bodies }),
    createPages(deps),
  ];
}

/** Whether it is the other side that broke off, or sent what is no HTTP. */
const isOfConnection = (error: unknown): boolean =>
  /^(?:HPE_|ECONN|EPIPE|ETIMEDOUT|ERR_STREAM_PREMATURE_CLOSE)/.test(String((error as { code?: unknown }).code));

/** Routes without a token. */
function createOpenRoutes({ store, now, signal, beat }: AppDeps): Router {
  const router = new Router();
  const readiness = createReadiness(store, now, signal);
  router.get('/healthz', (ctx) => {
    ctx.body = { alive: true };
  });
  router.get('/readyz', async (ctx) => {
    const problems = await readiness();
    ctx.status = problems.length === 0 ? 200 : 503;
    ctx.body = { ready: problems.length === 0, problems };
  });
  router.get('/heartbeat', (ctx) => answerBeat(ctx, beat?.() ?? { lastRun: null, problem: null }));
  return router;
}

function answerBeat(ctx: Context, { lastRun, problem }: Beat): void {
  ctx.status = problem === null ? 200 : 503;
  const at = lastRun === null ? null : new Date(lastRun).toISOString();
  ctx.body = { beating: problem === null, lastRun: at, problem };
}

const STATUS: Record<ErrorCode, number> = {
  invalid: 400,
  unauthorized: 401,
  not_found: 404,
  conflict: 409,
  mismatch: 422,
  in_progress: 409,
  too_large: 413,
  unsupported: 415,
  unavailable: 503,
};

/** The one place where errors become answers. */
function answerErrors(log: Log): Middleware {
  return async (ctx, next: Next) => {
    ctx.set(JSON_HEADERS);
    try {
      await next();
      if (ctx.body === undefined || ctx.body === null) answerUnserved(ctx);
    } catch (error) {
      answerError(ctx, error, log);
    }
    makeSafe(ctx);
    if (!ctx.req.readableEnded) discard(ctx.req);
  };
}

/** JSON is shown on terminals too. Who sends bytes, or a stream of them, has seen to that. */
function makeSafe(ctx: Context): void {
  const isBytes = Buffer.isBuffer(ctx.body) || ctx.body instanceof Readable;
  if (typeof ctx.body !== 'object' || ctx.body === null || isBytes) return;
  ctx.body = safeJson(ctx.body);
  ctx.type = 'application/json';
}

/** As Mailgun does: its clients do not look for JSON in a 401. */
function answerStranger(ctx: Context): void {
  ctx.set('WWW-Authenticate', isMailguns(ctx) ? 'Basic realm="MG API"' : 'Bearer');
  if (isMailguns(ctx)) Object.assign(ctx, { body: 'Forbidden', type: 'text/plain' });
}

function answerUnserved(ctx: Context): void {
  const words: Record<number, string> = { 404: 'there is nothing here', 405: 'not with this method' };
  const mayBePage = ctx.status === 404 && !isForPrograms(ctx);
  if (mayBePage) ctx.vary('Accept');
  if (mayBePage && isBrowser(ctx)) showNothing(ctx);
  else if (ctx.status >= 400) answer(ctx, ctx.status, words[ctx.status] ?? 'not supported');
}

/** There everybody is answered in JSON, browsers too. */
const isForPrograms = (ctx: Context): boolean => isMailguns(ctx) || /^\/(?:api|webhooks)(?:\/|$)/.test(ctx.path);

function showNothing(ctx: Context): void {
  ctx.status = 404;
  showPage(ctx, plainPage('Nothing here', 'There is no page at this address.'));
}

function answerError(ctx: Context, error: unknown, log: Log): void {
  if (error instanceof SenderGone) {
    ctx.respond = false;
    ctx.req.destroy();
  } else if (error instanceof AppError) {
    answer(ctx, STATUS[error.code], error.message, error.problems);
    if (error.code === 'unauthorized') answerStranger(ctx);
    if (error.code === 'unavailable') ctx.set('Retry-After', '30');
    if (error.code === 'in_progress') ctx.set('Retry-After', '1');
    if (error.code === 'too_large' || error.code === 'unavailable') ctx.set('Connection', 'close');
  } else if (isDatabaseTrouble(error)) {
    log.error({ error, route: routeOf(ctx) }, 'the database could not be used for a request');
    answer(ctx, 503, 'the database can not be used now');
    ctx.set('Retry-After', '30');
  } else {
    log.error({ error, route: routeOf(ctx) }, 'a request failed');
    answer(ctx, 500, 'internal error');
  }
}

/** Mailgun's own clients expect the error in another field than ours. */
function answer(ctx: Context, status: number, trouble: string, problems: readonly string[] = []): void {
  ctx.status = status;
  if (isMailguns(ctx)) ctx.body = { message: trouble };
  else ctx.body = { error: trouble, ...(problems.length > 0 ? { problems } : {}) };
}

/** Whether the route answers as Mailgun does. */
const isMailguns = (ctx: Context): boolean => /^\/+v\d(?:\/|$)/.test(ctx.path);

/** The pattern of the route and not the path, which may hold an address. */
const routeOf = (ctx: Context): string => `${ctx.method} ${String(ctx['_matchedRoute'] ?? '?')}`;

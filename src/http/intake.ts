import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { AppError } from '../base/errors.ts';
import type { StatusTokens } from '../contract/status-token.ts';
import { canonicalDomain } from '../core/address.ts';
import { usefulUntil } from '../core/policy.ts';
import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import { bareKey, MAX_CALL } from '../intake/read-call.ts';
import { createTakeIn } from '../intake/take-in.ts';
import type { BirthSettings } from '../intake/terms.ts';
import type { Store } from '../store/db/open.ts';
import { basic, callerOf } from './auth.ts';
import type { Bodies } from './body.ts';
import { createOneAtATime } from './in-progress.ts';

export type IntakeDeps = {
  store: Store;
  bodies: Bodies;
  settings: BirthSettings;
  tokens: readonly string[];
  encryptionKey?: string | null;
  domains?: readonly string[];
  statusTokens: StatusTokens;
  onQueued?(): void;
  now: Clock;
};

/**
 * Where Mailgun's own clients can hand over mail with only their base URL changed: the message is durable when this
 * answers, and the daemon sends it.
 */
export function createIntake(deps: IntakeDeps): Router {
  const router = new Router();
  const { store, bodies, settings, encryptionKey = null, domains = null, onQueued, now } = deps;
  const takeIn = createTakeIn({ store, settings, encryptionKey, domains });
  const oneAtATime = createOneAtATime();
  const take: Middleware = (ctx) => oneAtATime(nameOf(ctx), () => takeOne(ctx));
  async function takeOne(ctx: Context): Promise<void> {
    // It would go out in the name of another account than the one that was meant.
    if (ctx.get('X-Mailgun-On-Behalf-Of') !== '')
      throw new AppError('invalid', 'X-Mailgun-On-Behalf-Of: mail for subaccounts is not taken here');
    const raw = await bodies.read(ctx.req, MAX_CALL, 'known', 'packed');
    const domain = String(ctx['params'].domain);
    const call = {
      // In one spelling: by it a call is known again.
      path: `/v3/${canonicalDomain(domain) ?? domain}/${ctx.path.split('/').at(-1)}`,
      domain,
      contentType: ctx.get('Content-Type'),
      raw,
      caller: callerOf(ctx),
      idempotencyKey: ctx.get('Idempotency-Key') || null,
    };
    const { id, messageId, isRepeat, draft } = await takeIn(call, now());
    onQueued?.();
    const token = deps.statusTokens.make(id, usefulUntil(draft));
    if (token !== null) ctx.set('Homing-Status-Token', token);
    ctx.set(rateHeaders(now()));
    if (isRepeat) ctx.set('Idempotent-Replayed', 'true');
    ctx.body = { id: `<${messageId}>`, message: 'Queued. Thank you.' };
  }
  for (const path of ['/v3/:domain/messages', '/v3/:domain/messages.mime']) router.post(path, basic(deps.tokens), take);
  return router;
}

/** What a caller named this call; null when it has no name. */
function nameOf(ctx: Context): string | null {
  const key = ctx.get('Idempotency-Key');
  return key === '' ? null : `${callerOf(ctx)}\n${bareKey(key)}`;
}

/** Some clients read Mailgun's rate limit from each answer. Here there is none. */
const rateHeaders = (now: Ms): Record<string, string> => ({
  'X-RateLimit-Limit': UNLIMITED,
  'X-RateLimit-Remaining': UNLIMITED,
  'X-RateLimit-Reset': String(now + MINUTE),
});
const UNLIMITED = '1000000';

/** Clients may encode any character of a path. */
const DOT = /\.|%2e/i;

/**
 * Clients differ in whether `/v3` belongs to their base URL, and people in whether a slash ends it: `//v3/…`, `/v3/v3/…`
 * and a path without `/v3` mean the same.
 */
export const atAnyBase: Middleware = async (ctx, next) => {
  const [, domain, rest] = /^\/+(?:v3\/+)*([^/]+)\/(messages(?:\.mime)?)\/?$/.exec(ctx.path) ?? [];
  if (domain && DOT.test(domain)) ctx.path = `/v3/${domain}/${rest}`;
  await next();
};

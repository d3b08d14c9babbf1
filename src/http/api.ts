import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { AppError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { parseMoment } from '../base/moment.ts';
import { parse } from '../base/parse.ts';
import { summaryOf } from '../contract/present.ts';
import type { StatusTokens } from '../contract/status-token.ts';
import { detailWithSupport } from '../contract/support.ts';
import type { TrafficByClass } from '../contract/traffic.ts';
import { canonicalAddress } from '../core/address.ts';
import { STATES } from '../core/delivery.ts';
import { CLASSES } from '../core/message-class.ts';
import type { Settings } from '../core/settings.ts';
import type { Clock, Ms } from '../core/time.ts';
import { recordMessage } from '../intake/record.ts';
import { type CountSign, countSigns } from '../intake/signs.ts';
import type { BirthSettings } from '../intake/terms.ts';
import { catchUp, keepChecked } from '../intake/told.ts';
import { readKey } from '../mail/key.ts';
import { MAX_KEY } from '../mail/limits.ts';
import { cancelMessage, reopenMessage } from '../operate/operate.ts';
import { mayResend, resendMessage } from '../operate/resend.ts';
import type { Store } from '../store/db/open.ts';
import { cancelByKey } from '../store/messages/cancel.ts';
import { findMessage } from '../store/messages/find.ts';
import { searchMessages } from '../store/messages/search.ts';
import { bearer } from './auth.ts';
import { type Bodies, readJson } from './body.ts';
import { tellWhenAgain } from './people.ts';
import { once, pageLimit } from './query.ts';

export type ApiDeps = {
  store: Store;
  bodies: Bodies;
  settings: BirthSettings & Pick<Settings, 'pause' | 'resendCooldown'>;
  tokens: readonly string[];
  statusTokens: StatusTokens;
  /** The names of those whom mail is handed to, where they are said. */
  providers?: readonly string[];
  /** How mail flows now. */
  traffic(): Promise<TrafficByClass>;
  /** Called when there is something to file. */
  onTold?(): void;
  /** Called when mail was made due. */
  onQueued?(): void;
  now: Clock;
  log: Log;
};

const BODY_LIMIT = 256 * 1024;
/** How many messages one call may tell of as a list. */
const BATCH = 100;

/** Everything under `/api` that needs a token. */
export function createApi(deps: ApiDeps): Router {
  const { store, bodies, now } = deps;
  const router = new Router({ prefix: '/api/messages' });
  const allowed = bearer(deps.tokens);

  /** Files what was told a moment ago, so that it is found. */
  const current: Middleware = async (_ctx, next) => {
    await catchUp(deps, now());
    await next();
  };

  const count = countSigns(deps);
  router.post('/', allowed, (ctx) => tell(deps, ctx, count));
  router.post('/cancel', allowed, current, async (ctx) => {
    const { key } = parse(KEY, await readJson(bodies, ctx.req, BODY_LIMIT));
    ctx.body = await cancelByKey(store, key, 'by_application', now());
  });
  router.get('/', allowed, current, async (ctx) => {
    const { found, next } = await searchMessages(store, parse(SEARCH, { ...ctx.query }));
    ctx.body = { messages: found.map(summaryOf), next };
  });
  router.get('/:id', allowed, current, async (ctx) => {
    const found = await findMessage(store, idIn(ctx));
    if (!found) throw new AppError('not_found', 'there is no such message');
    const { message, views } = found;
    const until = Math.max(message.created_at, ...views.map(({ delivery }) => delivery.usefulUntil));
    const statusToken = deps.statusTokens.make(message.id, until);
    const { providers, settings, traffic } = deps;
    const asking = { store, now: now(), providers, cooldown: settings.resendCooldown, traffic };
    ctx.body = {
      ...(await detailWithSupport(asking, message, views)),
      ...(statusToken === null ? {} : { statusToken }),
    };
  });
  router.post('/:id/cancel', allowed, current, async (ctx) => {
    const { recipient, reason: said } = parse(CANCEL, await readJson(bodies, ctx.req, BODY_LIMIT));
    const request = { message: idIn(ctx), recipient, who: 'api', reason: 'by_application' as const, said };
    ctx.body = await cancelMessage(store, request, now());
  });
  router.post('/:id/retry', allowed, current, async (ctx) => {
    const wish = parse(REOPEN, await readJson(bodies, ctx.req, BODY_LIMIT));
    ctx.body = await reopenMessage(store, { message: idIn(ctx), who: 'api', what: 'retry', ...wish }, now());
  });
  router.post('/:id/resend', allowed, current, (ctx) => resend(deps, ctx));
  router.post('/may-resend', allowed, current, async (ctx) => {
    const { key } = parse(KEY, await readJson(bodies, ctx.req, BODY_LIMIT));
    const at = now();
    const { answer, availableAt } = await mayResend(store, key, { cooldown: deps.settings.resendCooldown, now: at });
    ctx.body = { answer, resendAvailableAt: isoOf(availableAt) };
    if (answer === 'wait') tellWhenAgain(ctx, availableAt, at);
  });
  return router;
}

/** Records one message, and says which; or keeps a list of them, to be filed a moment later. */
async function tell(deps: ApiDeps, ctx: Context, count: CountSign): Promise<void> {
  const told = await readJson(deps.bodies, ctx.req, BODY_LIMIT);
  if (Array.isArray(told) && told.length > 0) {
    if (told.length > BATCH) throw new AppError('invalid', `at most ${BATCH} messages can be told at once`);
    const answers = await keepChecked(deps, told, deps.now());
    deps.onTold?.();
    ctx.body = { results: answers.map((wrong) => (wrong ? { error: wrong.message, problems: wrong.problems } : {})) };
    return;
  }
  const { id, created, usefulUntil, sign } = await recordMessage(deps, told, deps.now());
  if (sign) count(sign);
  ctx.status = created ? 201 : 200;
  const statusToken = deps.statusTokens.make(id, usefulUntil);
  ctx.body = { id, ...(statusToken === null ? {} : { statusToken }) };
}

/** Sends a message again for the application; `force` for an operator, who decides for himself. */
async function resend({ store, bodies, settings, onQueued, now }: ApiDeps, ctx: Context): Promise<void> {
  const { force, ...wish } = parse(RESEND, await readJson(bodies, ctx.req, BODY_LIMIT));
  const request = { message: idIn(ctx), who: 'api', ...wish };
  const at = now();
  if (force) {
    ctx.body = { result: 'resent', ...(await reopenMessage(store, { ...request, what: 'resend' }, at)) };
    return;
  }
  const { result, reopened, availableAt } = await resendMessage(store, request, {
    cooldown: settings.resendCooldown,
    now: at,
  });
  if (result === 'not_possible') throw new AppError('conflict', NOT_POSSIBLE);
  if (reopened > 0) onQueued?.();
  tellWhenAgain(ctx, availableAt, at);
  ctx.body = { result, reopened, resendAvailableAt: isoOf(availableAt) };
}

const NOT_POSSIBLE =
  'nothing can be sent again: it failed for good, its address is suppressed, or no copy is kept any more that could be sent; with "force" it is tried all the same';

const isoOf = (at: Ms | null): string | null => (at === null ? null : new Date(at).toISOString());

const idIn = (ctx: Context): string => String(ctx['params'].id);

const address = (text: z.ZodString) =>
  text.transform((given, ctx) => {
    const canonical = canonicalAddress(given);
    if (canonical !== null) return canonical;
    ctx.addIssue({ code: 'custom', message: 'must be an e-mail address' });
    return z.NEVER;
  });

const moment = once.transform((text, ctx) => {
  const at = parseMoment(text);
  if (at !== null) return at;
  ctx.addIssue({ code: 'custom', message: 'must be a time: ISO 8601 or milliseconds since the epoch' });
  return z.NEVER;
});

export const SEARCH = z.strictObject({
  recipient: address(once).optional(),
  state: z.enum(STATES).optional(),
  class: z.enum(CLASSES).optional(),
  since: moment.optional(),
  until: moment.optional(),
  limit: pageLimit,
  cursor: once.regex(/^[0-9A-Z]{26}$/, 'must be the "next" of an earlier answer').optional(),
});

const text = z.string({ error: 'must be text' });
const recipient = address(text).optional();

export const REOPEN = z.strictObject({ recipient }, { error: whenNoObject });
export const RESEND = z.strictObject(
  { recipient, force: z.boolean({ error: 'must be true or false' }).default(false) },
  { error: whenNoObject },
);
export const KEY = z.strictObject({
  key: text.refine((given) => readKey(given) !== null, `must have 1 to ${MAX_KEY} characters`).trim(),
});
export const CANCEL = z.strictObject(
  {
    recipient,
    reason: text
      .trim()
      .regex(/^[^\p{Cc}\p{Cs}]{1,64}$/u, 'must have 1 to 64 characters')
      .optional(),
  },
  { error: whenNoObject },
);

function whenNoObject(issue: { code?: string | undefined }): string | undefined {
  return issue.code === 'invalid_type' ? 'the body must be an object' : undefined;
}

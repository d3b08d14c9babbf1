import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { AppError } from '../base/errors.ts';
import { plainPage } from '../contract/page.ts';
import type { StatusTokens } from '../contract/status-token.ts';
import { ASKING_POLICY, shownResend, shownWaiting, waitingPage } from '../contract/waiting.ts';
import type { Settings } from '../core/settings.ts';
import { type Ms, SECOND } from '../core/time.ts';
import { resendMessage } from '../operate/resend.ts';
import { waitingFor } from '../store/messages/resends.ts';
import { isBrowser, showPage } from './show-page.ts';
import { createStatus, type StatusDeps } from './status.ts';

export type PeopleDeps = StatusDeps & {
  settings: Pick<Settings, 'resendCooldown'>;
  statusTokens: StatusTokens;
  /** Called when mail was made due. */
  onQueued?(): void;
};

/** What people who wait for mail may see and do, without a token of the API. */
export function createPeople(deps: PeopleDeps): Router {
  const router = new Router();
  const status = createStatus(deps);
  router.get('/api/status', async (ctx) => {
    const { at, answer } = await status();
    ctx.body = answer;
    // What was found a while ago may be kept for as much less (RFC 9111, 4.2.3), so that nobody is shown it after ten seconds.
    const age = Math.max(0, Math.ceil((deps.now() - at) / SECOND));
    ctx.set({ 'Cache-Control': 'public, max-age=10', Age: String(age) });
  });
  router.get('/status/:token', forPerson, (ctx) => showMessage(deps, ctx));
  router.post('/status/:token/resend', forPerson, (ctx) => resend(deps, ctx));
  return router;
}

/** Pages of any site may ask: whoever asks is shown nothing but what is in the address, and has no login here. */
export const fromAnywhere: Middleware = async (ctx, next) => {
  if (!/^\/(?:api\/status$|status\/|homing-status\.)/.test(ctx.path)) return next();
  ctx.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'Retry-After' });
  if (ctx.method !== 'OPTIONS') return next();
  ctx.set({
    'Access-Control-Allow-Methods': 'GET, HEAD, POST',
    'Access-Control-Allow-Headers': '*',
    'Access-Control-Max-Age': '86400',
  });
  ctx.status = 204;
};

const NOTHING = 'This link is not valid, or it is too old.';

/** Browsers are shown a page in place of the error as well. */
const forPerson: Middleware = async (ctx, next) => {
  ctx.vary('Accept');
  try {
    await next();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found' || !isBrowser(ctx)) throw error;
    ctx.status = 404;
    showPage(ctx, plainPage('Nothing here', NOTHING));
  }
};

async function showMessage({ store, settings, statusTokens, now }: PeopleDeps, ctx: Context): Promise<void> {
  const at = now();
  const waiting = await waitingFor(store, idIn(ctx, statusTokens, at), at);
  if (!waiting) throw new AppError('not_found', NOTHING);
  const shown = shownWaiting(waiting, settings.resendCooldown, at);
  if (isBrowser(ctx)) showPage(ctx, waitingPage(shown, tokenIn(ctx), at), ASKING_POLICY);
  else {
    ctx.body = shown;
    tellWhenAgain(ctx, shown.resendAvailableAt === null ? null : Date.parse(shown.resendAvailableAt), at);
  }
}

async function resend({ store, settings, statusTokens, now, onQueued }: PeopleDeps, ctx: Context): Promise<void> {
  const at = now();
  const wish = { message: idIn(ctx, statusTokens, at), who: 'the person who waits for it' };
  const resent = await resendMessage(store, wish, { cooldown: settings.resendCooldown, now: at }).catch(
    (error: unknown) => {
      throw error instanceof AppError ? new AppError(error.code, NOTHING) : error;
    },
  );
  if (resent.reopened > 0) onQueued?.();
  tellWhenAgain(ctx, resent.availableAt, at);
  if (isBrowser(ctx)) {
    ctx.status = 303;
    ctx.set('Location', `../${tokenIn(ctx)}`);
    ctx.body = '';
  } else ctx.body = shownResend(resent);
}

/** Says to whoever asks too early when to ask again. */
export function tellWhenAgain(ctx: Context, availableAt: Ms | null, now: Ms): void {
  if (availableAt !== null && availableAt > now)
    ctx.set('Retry-After', String(Math.ceil((availableAt - now) / SECOND)));
}

const tokenIn = (ctx: Context): string => String(ctx['params'].token);

/** No message has this id. It is looked for like any other, so that a wrong token takes as long as one of an erased message. */
const NOBODY = '0'.repeat(26);

const idIn = (ctx: Context, tokens: StatusTokens, now: Ms): string => tokens.read(tokenIn(ctx), now) ?? NOBODY;

import Router from '@koa/router';
import type { Middleware } from 'koa';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { alertPage, MOST_ON_PAGE, messagePage, plainPage } from '../contract/page.ts';
import type { Clock } from '../core/time.ts';
import { keptAlert } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { keptAmong } from '../store/ledger/kept.ts';
import { findMessage } from '../store/messages/find.ts';
import { person } from './auth.ts';
import { showPage } from './show-page.ts';

type PageDeps = { store: Store; tokens: readonly string[]; now: Clock };

/** What the links in alerts lead to: pages to read, for people with an API token. */
export function createPages({ store, tokens, now }: PageDeps): Router {
  const router = new Router();
  const allowed = person(tokens);
  router.get('/messages/:id', asPage, allowed, async (ctx) => {
    const found = await findMessage(store, String(ctx['params'].id));
    if (!found) throw new AppError('not_found', 'There is no such message, or it is so old that it was deleted.');
    showPage(ctx, messagePage(found.message, found.views, await keptAmong(store, found.views, now())));
  });
  router.get('/alerts/:id', asPage, allowed, async (ctx) => {
    const id = String(ctx['params'].id);
    const alert = isId(id) ? await keptAlert(store, id, MOST_ON_PAGE) : null;
    if (!alert) throw new AppError('not_found', 'There is no such alert, or it is so old that it was deleted.');
    showPage(ctx, alertPage(alert));
  });
  // Without a token, and without the database: it is needed most when little works.
  router.get('/runbook', asPage, async (ctx) => {
    const { runbookPage } = await import('../contract/runbook.ts');
    showPage(ctx, runbookPage());
  });
  router.get('/openapi', asPage, async (ctx) => {
    const { openapiPage } = await import('../contract/runbook.ts');
    showPage(ctx, openapiPage());
  });
  return router;
}

/** Answers with a page where something can't be shown. */
const asPage: Middleware = async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const isStranger = error.code === 'unauthorized';
    ctx.status = isStranger ? 401 : 404;
    // Another realm than that of the intake, so that no browser takes the one for the other.
    if (isStranger) ctx.set('WWW-Authenticate', 'Basic realm="Homing pages", charset="UTF-8"');
    showPage(ctx, plainPage(isStranger ? 'Who is it?' : 'Nothing here', error.message));
  }
};

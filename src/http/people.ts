import Router from '@koa/router';
import type { Middleware } from 'koa';
import { createStatus, type StatusDeps } from './status.ts';

/** What people who wait for mail may see, without a token of the API. */
export function createPeople(deps: StatusDeps): Router {
  const router = new Router();
  const status = createStatus(deps);
  router.get('/api/status', async (ctx) => {
    ctx.body = await status();
    ctx.set('Cache-Control', 'public, max-age=10');
  });
  return router;
}

/** Pages of any site may ask: whoever asks is shown what everybody is, and has no login here. */
export const fromAnywhere: Middleware = async (ctx, next) => {
  if (ctx.path !== '/api/status') return next();
  ctx.set('Access-Control-Allow-Origin', '*');
  if (ctx.method !== 'OPTIONS') return next();
  ctx.set({
    'Access-Control-Allow-Methods': 'GET, HEAD',
    'Access-Control-Allow-Headers': '*',
    'Access-Control-Max-Age': '86400',
  });
  ctx.status = 204;
};

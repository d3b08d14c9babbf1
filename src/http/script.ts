import { createHash } from 'node:crypto';
import Router from '@koa/router';
import type { Context } from 'koa';
import { GERMAN_TEXTS, STATUS_SCRIPT } from './status-script.ts';

/** What pages of any site may load to show people how their mail stands. */
export function createScript(): Router {
  const router = new Router();
  const files = [
    { path: '/homing-status.js', type: 'text/javascript; charset=utf-8', text: STATUS_SCRIPT },
    { path: '/homing-status.de.json', type: 'application/json; charset=utf-8', text: GERMAN_TEXTS },
  ];
  for (const { path, type, text } of files) {
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    router.get(path, (ctx) => showFile(ctx, { type, text, etag }));
  }
  return router;
}

function showFile(ctx: Context, { type, text, etag }: { type: string; text: string; etag: string }): void {
  ctx.body = text;
  ctx.type = type;
  ctx.set({ ETag: etag, 'Cache-Control': 'public, max-age=3600', 'Cross-Origin-Resource-Policy': 'cross-origin' });
  if (ctx.fresh) ctx.status = 304;
}

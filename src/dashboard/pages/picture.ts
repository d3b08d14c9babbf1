import type { Context } from 'koa';

/** Answers with a drawing, which has its style in it. */
export function showPicture(ctx: Context, svg: string): void {
  ctx.body = svg;
  ctx.type = 'image/svg+xml';
  ctx.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
  ctx.set('Cache-Control', 'private, max-age=60');
}

import type { Context } from 'koa';

/** Units that a drawing is wide: on a small screen its letters would be too small otherwise. */
export type Width = 'wide' | 'narrow';

export const widthIn = (ctx: Context): Width => (ctx.query['narrow'] === 'yes' ? 'narrow' : 'wide');

/** Answers with a drawing, which has its style in it. */
export function showPicture(ctx: Context, svg: string): void {
  ctx.body = svg;
  ctx.type = 'image/svg+xml';
  ctx.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
  ctx.set('Cache-Control', 'private, max-age=60');
}

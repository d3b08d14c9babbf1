import type { Context } from 'koa';
import { PAGE_POLICY } from '../contract/page.ts';

/** Answers with a page, under the headers of pages. */
export function showPage(ctx: Context, page: string, policy = PAGE_POLICY): void {
  ctx.body = page;
  ctx.type = 'text/html; charset=utf-8';
  ctx.set({
    'Content-Security-Policy': policy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
}

/** Whether whoever asks would rather have a page than JSON. */
export const isBrowser = (ctx: Context): boolean => ctx.accepts('application/json', 'text/html') === 'text/html';

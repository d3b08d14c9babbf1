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

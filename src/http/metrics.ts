import Router from '@koa/router';
import type { Context } from 'koa';
import { AppError } from '../base/errors.ts';
import { isLoopback } from '../base/loopback.ts';
import { isOneOf } from './auth.ts';

export type MetricsDeps = {
  metrics?: {
    /** Those who may read it from elsewhere. */
    tokens: readonly string[];
    read(): Promise<{ text: string; contentType: string }>;
  };
};

/** What Prometheus reads: with a token, or on this machine. */
export function createMetrics({ metrics }: MetricsDeps): Router {
  const router = new Router();
  if (!metrics) return router;
  router.get('/metrics', async (ctx) => {
    const [, given = ''] = /^Bearer ([\x21-\x7e]+)$/i.exec(ctx.get('Authorization')) ?? [];
    const mayRead = ctx.get('Authorization') === '' ? isFromHere(ctx) : isOneOf(metrics.tokens, given);
    if (!mayRead) throw new AppError('unauthorized', 'one of METRICS_TOKEN is needed: "Authorization: Bearer …"');
    const { text, contentType } = await metrics.read();
    ctx.set('Cache-Control', 'no-store');
    ctx.type = contentType;
    ctx.body = Buffer.from(text);
  });
  return router;
}

/** A proxy on this machine passes on what comes from anywhere, and says so in one of these. */
const PASSED_ON = ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-IP', 'Via'];

function isFromHere(ctx: Context): boolean {
  const address = (ctx.req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  // A page of any site may have a browser on this machine ask, under a name of its own.
  const isAskedByName = isLoopback(ctx.req.headers.host?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') ?? '');
  return isLoopback(address) && isAskedByName && PASSED_ON.every((header) => ctx.get(header) === '');
}

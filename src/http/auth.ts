import { createHash, timingSafeEqual } from 'node:crypto';
import type { Middleware } from 'koa';
import { AppError } from '../errors.ts';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Lets requests with one of these tokens pass. All are compared in constant time, whatever fits. */
export function bearer(tokens: readonly string[]): Middleware {
  const known = tokens.map(digestOf);
  return async (ctx, next) => {
    if (known.length === 0) throw new AppError('unauthorized', 'no API token is configured: set API_TOKENS');
    const [, given = ''] = /^Bearer ([\x21-\x7e]+)$/i.exec(ctx.get('Authorization')) ?? [];
    const digest = digestOf(given);
    const fits = known.filter((one) => timingSafeEqual(one, digest)).length;
    if (given === '' || fits === 0)
      throw new AppError('unauthorized', 'a valid API token is needed: "Authorization: Bearer …"');
    await next();
  };
}

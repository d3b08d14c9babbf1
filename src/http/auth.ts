import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import { AppError } from '../base/errors.ts';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Lets requests with one of these tokens pass. */
export function bearer(tokens: readonly string[]): Middleware {
  const isKnown = tokenCheck(tokens);
  return async (ctx, next) => {
    const [, given = ''] = /^Bearer ([\x21-\x7e]+)$/i.exec(ctx.get('Authorization')) ?? [];
    if (!isKnown(given)) throw new AppError('unauthorized', 'a valid API token is needed: "Authorization: Bearer …"');
    await next();
  };
}

/** The same as Mailgun's clients do it: Basic, with the user `api` and the token for a password. */
export function basic(tokens: readonly string[]): Middleware {
  const isKnown = tokenCheck(tokens);
  return async (ctx, next) => {
    const [user, token] = basicIn(ctx);
    // A browser that knows the token from our pages would send it along with a form of any other site.
    if (isFromOtherSite(ctx) || !isKnown(user === 'api' ? token : '')) throw new AppError('unauthorized', 'Forbidden');
    await next();
  };
}

/** Who calls, whatever the spelling of the header: the type in any case, and a token with or without padding. */
export const callerOf = (ctx: Context): string => `Basic ${Buffer.from(basicIn(ctx).join(':')).toString('base64')}`;

/** Lets people with a browser pass, which asks them for the token as a password. The user name does not matter. */
export function person(tokens: readonly string[]): Middleware {
  const isKnown = tokenCheck(tokens);
  return async (ctx, next) => {
    const [, token] = basicIn(ctx);
    if (!isKnown(token))
      throw new AppError('unauthorized', 'Give one of the API_TOKENS as the password, with any user name.');
    await next();
  };
}

function basicIn(ctx: Context): [user: string, password: string] {
  const [, given = ''] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(ctx.get('Authorization')) ?? [];
  const [, user = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(given, 'base64').toString()) ?? [];
  return [user, password];
}

const isFromOtherSite = (ctx: Context): boolean =>
  ctx.get('Origin') !== '' || !['', 'none', 'same-origin'].includes(ctx.get('Sec-Fetch-Site'));

/** Compares with all tokens in constant time, also after one has matched. */
function matcher(tokens: readonly string[]): (given: string) => boolean {
  const known = tokens.map(digestOf);
  return (given) => {
    const digest = digestOf(given);
    return known.filter((one) => timingSafeEqual(one, digest)).length > 0 && given !== '';
  };
}

export const isOneOf = (tokens: readonly string[], given: string): boolean => matcher(tokens)(given);

function tokenCheck(tokens: readonly string[]): (given: string) => boolean {
  const isKnown = matcher(tokens);
  return (given) => {
    if (tokens.length === 0) throw new AppError('unauthorized', 'no API token is configured: set API_TOKENS');
    return isKnown(given);
  };
}

import Router from '@koa/router';
import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import { AppError } from '../base/errors.ts';
import { parse } from '../base/parse.ts';
import { shownHold } from '../contract/hold.ts';
import { CLASSES } from '../core/message-class.ts';
import type { Clock } from '../core/time.ts';
import { MAX_PROVIDER } from '../mail/limits.ts';
import { release } from '../operate/release.ts';
import type { Store } from '../store/db/open.ts';
import { activeHolds, addHold } from '../store/notes/holds.ts';
import { bearer } from './auth.ts';
import { type Bodies, readJson } from './body.ts';

export type HoldDeps = {
  store: Store;
  bodies: Bodies;
  tokens: readonly string[];
  /** The names of those whom mail is handed to; any when they are not said. */
  providers?: readonly string[];
  now: Clock;
};

const BODY_LIMIT = 64 * 1024;

/** Keeps mail from leaving, and lets it leave again. */
export function createHolds({ store, bodies, tokens, providers, now }: HoldDeps): Router {
  const router = new Router({ prefix: '/api/holds' });
  const allowed = bearer(tokens);
  router.get('/', allowed, async (ctx) => {
    ctx.body = { holds: (await activeHolds(store, now())).map(shownHold) };
  });
  router.post('/', allowed, async (ctx) => {
    const { for: length, ...wish } = parse(WISH, await readJson(bodies, ctx.req, BODY_LIMIT));
    // Under another name nothing would be held, and nobody would know.
    if (wish.provider !== null && providers?.includes(wish.provider) === false)
      throw new AppError('invalid', `provider must be one of ${providers.join(', ')}`);
    const at = now();
    const hold = await addHold(store, { ...wish, until: length === null ? null : at + length, who: 'api' }, at);
    ctx.status = 201;
    ctx.body = shownHold(hold);
  });
  router.delete('/:id', allowed, async (ctx) => {
    const released = await release(store, String(ctx['params'].id), 'api', now());
    if (!released) throw new AppError('not_found', 'there is no such hold, or it was released before');
    ctx.body = { released: shownHold(released) };
  });
  return router;
}

const text = z.string({ error: 'must be text' });

const length = text.transform((given, ctx) => {
  const ms = parseDuration(given);
  if (ms !== null && ms > 0) return ms;
  ctx.addIssue({ code: 'custom', message: 'must be a length such as 2h' });
  return z.NEVER;
});

export const WISH = z.strictObject({
  provider: text.trim().min(1, 'must name a provider').max(MAX_PROVIDER, 'is too long').nullable().default(null),
  class: z.enum(CLASSES).nullable().default(null),
  for: length.nullable().default(null),
  reason: text.trim().max(1000, 'must have 1000 characters at most').nullable().default(null),
});

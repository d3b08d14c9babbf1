import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { AppError } from '../base/errors.ts';
import { outlineOf } from '../base/json.ts';
import type { Hint } from '../core/hint.ts';
import type { Clock } from '../core/time.ts';
import { readStatusPage } from '../providers/common/statuspage.ts';
import type { Alerts, OpenedAlert } from '../providers/provider.ts';
import type { Store } from '../store/db/open.ts';
import { noteHint } from '../store/notes/hints.ts';
import { isOneOf } from './auth.ts';
import type { Bodies } from './body.ts';

export type HintDeps = {
  store: Store;
  bodies: Bodies;
  /** The secrets of the addresses that status pages post to, and of which provider each tells. */
  statusPages?: readonly { provider: string; secret: string }[];
  /** Where providers post alerts of their own. */
  alerts?: readonly (Alerts & { provider: string })[];
  now: Clock;
};

/** An incident comes with all that was said of it before. */
const BODY_LIMIT = 1024 * 1024;
const MOST_VALUES = 5000;

/**
 * Takes what is said of providers by others than our own mail. It is answered when it is written down, and posted again by
 * the sender when it could not be.
 */
export function createHints({ store, bodies, statusPages = [], alerts = [], now }: HintDeps): Router {
  const router = new Router({ prefix: '/webhooks' });
  const note = async (provider: string, hint: Hint | null) => {
    if (hint) await noteHint(store, provider, hint, now());
  };
  const pageOf = (ctx: Context, about?: string) => {
    const given = String(ctx['params'].secret);
    // All are compared, so that the time tells nothing.
    const [page] = statusPages.filter(({ secret }) => isOneOf([secret], given));
    if (!page || (about ?? page.provider) !== page.provider)
      throw new AppError('unauthorized', 'the secret in the address is wrong');
    return page;
  };
  router.post('/statuspage/:secret', async (ctx) => {
    const page = pageOf(ctx);
    const raw = await bodies.read(ctx.req, BODY_LIMIT, 'anybody');
    await note(page.provider, readStatusPage(jsonIn(raw), now()));
    ctx.body = { message: 'noted' };
  });
  for (const { provider, path, open, read } of alerts) {
    const take = async (ctx: Context, opened: OpenedAlert) => {
      if (opened.kind !== 'hint')
        throw new AppError(opened.kind === 'forged' ? 'unauthorized' : 'invalid', opened.detail);
      await note(provider, opened.hint);
      ctx.body = { message: 'noted' };
    };
    const rawOf = (ctx: Context) => bodies.read(ctx.req, BODY_LIMIT, 'anybody');
    router.post(path, async (ctx) => take(ctx, open({ raw: await rawOf(ctx), headers: ctx.headers }, now())));
    router.post(`${path}/:secret`, async (ctx) => {
      pageOf(ctx, provider);
      await take(ctx, read(await rawOf(ctx), now()));
    });
    // Mailgun saves no address that does not answer this with 200.
    const answer: Middleware = (ctx) => {
      ctx.body = { message: 'alerts are taken here' };
    };
    router.get(path, answer);
    router.get(`${path}/:secret`, answer);
  }
  return router;
}

function jsonIn(raw: Buffer): unknown {
  const text = raw.toString();
  const outline = outlineOf(text, MOST_VALUES);
  if (typeof outline === 'string') throw new AppError('invalid', outline);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new AppError('invalid', 'the body is not valid JSON');
  }
}

import Router from '@koa/router';
import { z } from 'zod';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { parse } from '../base/parse.ts';
import { shownOutage, shownPutOff } from '../contract/outage.ts';
import type { Settings } from '../core/settings.ts';
import { type Clock, DAY } from '../core/time.ts';
import { outageMarkdown } from '../core/words/outages.ts';
import type { Store } from '../store/db/open.ts';
import { putOffsNow } from '../store/notes/receivers.ts';
import { outageNamed, outagesSince, tollOf } from '../store/outages.ts';
import { bearer } from './auth.ts';
import { once } from './query.ts';

type OutageDeps = {
  store: Store;
  settings: Pick<Settings, 'outageWindow'>;
  tokens: readonly string[];
  now: Clock;
};

/** When providers were down, and what it did to the mail. */
export function createOutages({ store, settings, tokens, now }: OutageDeps): Router {
  const router = new Router({ prefix: '/api/outages' });
  const allowed = bearer(tokens);
  router.get('/', allowed, async (ctx) => {
    const { days } = parse(SEARCH, { ...ctx.query });
    const at = now();
    const outages = [];
    for (const outage of await outagesSince(store, at - days * DAY))
      outages.push(shownOutage(outage, await tollOf(store, outage, at), at));
    const putOffs = await putOffsNow(store, { now: at, window: settings.outageWindow });
    ctx.body = { outages, putOff: putOffs.map(shownPutOff) };
  });
  router.get('/:id', allowed, async (ctx) => {
    const id = String(ctx['params'].id);
    const outage = isId(id) ? await outageNamed(store, id) : null;
    if (!outage) throw new AppError('not_found', 'there is no such outage');
    const at = now();
    const toll = await tollOf(store, outage, at);
    ctx.vary('Accept');
    if (ctx.accepts('application/json', 'text/markdown') !== 'text/markdown') {
      ctx.body = shownOutage(outage, toll, at);
      return;
    }
    ctx.type = 'text/markdown; charset=utf-8';
    ctx.body = outageMarkdown(outage, toll, at);
  });
  return router;
}

export const SEARCH = z.strictObject({
  days: once
    .regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 999')
    .transform(Number)
    .default(30),
});

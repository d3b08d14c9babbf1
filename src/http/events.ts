import Router from '@koa/router';
import { z } from 'zod';
import { parseMoment } from '../base/moment.ts';
import { parse } from '../base/parse.ts';
import { cursorAt, endpointHistories, placeIn, shownHistory } from '../contract/event.ts';
import { shownEvent } from '../core/outgoing.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { enableEndpoint, replay } from '../operate/events.ts';
import type { Store } from '../store/db/open.ts';
import { eventsSince } from '../store/events.ts';
import { bearer } from './auth.ts';
import { type Bodies, readJson } from './body.ts';
import { once, pageLimit } from './query.ts';

type EventsDeps = { store: Store; bodies: Bodies; tokens: readonly string[]; now: Clock };

const BODY_LIMIT = 64 * 1024;
const TRIES = 20;

/** What is younger is not listed yet: an event that is committed a moment later may come before it. */
const SETTLED: Ms = 30 * SECOND;

/** Events for those who come to get them, and how it goes with posting them. */
export function createEvents({ store, bodies, tokens, now }: EventsDeps): Router {
  const router = new Router({ prefix: '/api/events' });
  const allowed = bearer(tokens);
  router.get('/', allowed, async (ctx) => {
    const { since = 0, after, limit } = parse(SEARCH, { ...ctx.query });
    const found = await eventsSince(store, { since, until: now() - SETTLED, after, limit });
    const last = found.at(-1) ?? after;
    ctx.body = { events: found.map(shownEvent), next: last ? cursorAt(last) : null };
  });
  router.get('/endpoints', allowed, async (ctx) => {
    ctx.body = { endpoints: (await endpointHistories(store, TRIES)).map(shownHistory) };
  });
  router.post('/endpoints/:number/enable', allowed, async (ctx) => {
    const number = parse(NUMBER, String(ctx['params'].number));
    const { place, host } = await enableEndpoint(store, number, 'api', now());
    ctx.body = { enabled: { number: place, host } };
  });
  router.post('/replay', allowed, async (ctx) => {
    const wish = parse(REPLAY, await readJson(bodies, ctx.req, BODY_LIMIT));
    ctx.body = { replayed: await replay(store, wish, 'api', now()) };
  });
  return router;
}

const momentOf = (text: z.ZodString) =>
  text.transform((given, ctx) => {
    const at = parseMoment(given);
    if (at !== null) return at;
    ctx.addIssue({ code: 'custom', message: 'must be a time: ISO 8601 or milliseconds since the epoch' });
    return z.NEVER;
  });

export const SEARCH = z.strictObject({
  since: momentOf(once).optional(),
  after: once
    .transform((text, ctx) => {
      const place = placeIn(text);
      if (place !== null) return place;
      ctx.addIssue({ code: 'custom', message: 'must be the "next" of an earlier answer' });
      return z.NEVER;
    })
    .optional(),
  limit: pageLimit,
});

const NUMBER = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, 'an endpoint is named by its number in EVENTS_WEBHOOK_URL')
  .transform(Number);

export const REPLAY = z.strictObject({
  since: momentOf(z.string({ error: 'must be text' })),
  endpoint: z
    .int('must be the number of an endpoint')
    .min(1, 'must be the number of an endpoint')
    .nullable()
    .default(null),
});

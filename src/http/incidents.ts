import Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { parse } from '../base/parse.ts';
import { shownIncident, takePage } from '../contract/incident.ts';
import { plainPage } from '../contract/page.ts';
import { ASKING_POLICY } from '../contract/waiting.ts';
import { takeTokens } from '../core/take-token.ts';
import { type Clock, DAY } from '../core/time.ts';
import { acknowledgeIncident, type Taken } from '../operate/acknowledge.ts';
import type { Store } from '../store/db/open.ts';
import { endedIncidents, incidentNamed, openIncidents } from '../store/incidents.ts';
import { bearer } from './auth.ts';
import { type Bodies, readJson } from './body.ts';
import { once } from './query.ts';
import { showPage } from './show-page.ts';

export type IncidentDeps = {
  store: Store;
  bodies: Bodies;
  tokens: readonly string[];
  encryptionKey?: string | null;
  /** Those before it: by them older links are known. */
  olderKeys?: readonly string[];
  now: Clock;
};

const MOST = 200;
const BODY_LIMIT = 4 * 1024;

/** What administrators are told of, for programs. */
export function createIncidents({ store, bodies, tokens, now }: IncidentDeps): Router {
  const router = new Router({ prefix: '/api/incidents' });
  const allowed = bearer(tokens);
  router.get('/', allowed, async (ctx) => {
    const { days } = parse(SEARCH, { ...ctx.query });
    const [open, ended] = await Promise.all([
      openIncidents(store, MOST),
      endedIncidents(store, now() - days * DAY, MOST),
    ]);
    ctx.body = { open: open.map(shownIncident), ended: ended.map(shownIncident) };
  });
  router.post('/:id/acknowledge', allowed, async (ctx) => {
    const { by } = parse(TAKING, await readJson(bodies, ctx.req, BODY_LIMIT));
    const id = String(ctx['params'].id);
    const taken = isId(id) ? await acknowledgeIncident(store, { id, who: 'api', by }, now()) : null;
    if (!taken) throw new AppError('not_found', 'there is no such incident');
    if (taken.incident.endedAt !== null) throw new AppError('conflict', 'it has ended');
    ctx.body = { ...shownIncident(taken.incident), isNew: taken.isNew };
  });
  return router;
}

export const SEARCH = z.strictObject({
  days: once
    .regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 999')
    .transform(Number)
    .default(7),
});

const name = z.string({ error: 'must be text' }).trim().min(1, 'must say who').max(80, 'is too long');
export const TAKING = z.strictObject({ by: name.default('api') });

/** The pages on which whoever was told of an incident takes it, with the signed link of the alert and without a login. */
export function createTaking(deps: IncidentDeps): Router {
  const { store, bodies, encryptionKey, olderKeys = [], now } = deps;
  const tokens = takeTokens(encryptionKey ? [encryptionKey, ...olderKeys] : []);
  const router = new Router();
  const idIn = (ctx: Context): string => {
    const { token } = ctx.query;
    const id = String(ctx['params'].id);
    return isId(id) && typeof token === 'string' && tokens.isGood(id, token) ? id : '';
  };
  router.get('/alerts/:id/ack', async (ctx) => {
    const id = idIn(ctx);
    const incident = id === '' ? null : await incidentNamed(store, id);
    if (!incident) return showNothing(ctx);
    showPage(ctx, takePage(incident, now()), ASKING_POLICY);
  });
  router.post('/alerts/:id/ack', async (ctx) => {
    const id = idIn(ctx);
    const by = await nameIn(ctx, bodies);
    const taken: Taken | null = id === '' ? null : await acknowledgeIncident(store, { id, who: 'link', by }, now());
    if (!taken) return showNothing(ctx);
    showPage(ctx, takePage(taken.incident, now()));
  });
  return router;
}

async function nameIn(ctx: Context, bodies: Bodies): Promise<string> {
  if (!ctx.is('application/x-www-form-urlencoded')) return BY_LINK;
  const form = new URLSearchParams((await bodies.read(ctx.req, BODY_LIMIT, 'anybody')).toString());
  return form.get('by')?.trim() || BY_LINK;
}

const BY_LINK = 'somebody (link of the alert)';

function showNothing(ctx: Context): void {
  ctx.status = 404;
  showPage(ctx, plainPage('Nothing here', 'This link is not valid, or its incident is long over.'));
}

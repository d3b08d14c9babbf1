import type Router from '@koa/router';
import type { Context } from 'koa';
import { parseDuration } from '../../base/duration.ts';
import { AppError } from '../../base/errors.ts';
import { endpointHistories } from '../../contract/event.ts';
import { enableEndpoint, replay } from '../../operate/events.ts';
import { MOST_COUNTED } from '../../store/db/counted.ts';
import { type Desk, type Form, type Next, whoIs } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Visitor } from '../desk/visitor.ts';

const TRIES = 20;

/** What applications are told of their mail, and how it goes. */
export function addEvents(router: Router, desk: Desk): void {
  router.get('/events', desk.allow('operator'), async (ctx) => {
    const histories = await endpointHistories(desk.store, TRIES);
    const endpoints = histories.map((one) => ({ ...one, isMore: one.waiting.n >= MOST_COUNTED }));
    desk.show(ctx, 'events', { title: TEXTS.nav.events, live: true, endpoints });
  });
  router.post('/events/:number/enable', ...desk.act('operator', (ctx, _, visitor) => enable(ctx, desk, visitor)));
  router.post(
    '/events/:number/replay',
    ...desk.act('operator', (ctx, form, visitor) => again(ctx, desk, form, visitor)),
  );
}

async function enable(ctx: Context, desk: Desk, visitor: Visitor): Promise<Next> {
  await enableEndpoint(desk.store, numberIn(ctx), whoIs(visitor), desk.now());
  return { to: '/events', done: 'endpointEnabled' };
}

async function again(ctx: Context, { store, now }: Desk, form: Form, visitor: Visitor): Promise<Next> {
  const length = parseDuration(form.get('since')?.trim() ?? '');
  if (length === null || length <= 0) throw new AppError('invalid', 'how far back must be a length such as 2h');
  const wish = { since: now() - length, endpoint: numberIn(ctx) };
  return { to: '/events', done: 'replayed', count: await replay(store, wish, whoIs(visitor), now()) };
}

function numberIn(ctx: Context): number {
  const text = String(ctx['params'].number);
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new AppError('not_found', TEXTS.errors.nothing);
}

import type Router from '@koa/router';
import type { Context } from 'koa';
import { AppError } from '../../base/errors.ts';
import { isId } from '../../base/ids.ts';
import { listAlerts } from '../../store/alert-list.ts';
import { keptAlert } from '../../store/alerts.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';

const MOST = 50;
/** So many deliveries of an alert are shown. */
const DELIVERIES = 100;

/** What administrators were told, and what is still to be told. */
export function addAlerts(router: Router, desk: Desk): void {
  router.get('/alerts', desk.allow('support'), (ctx) => showAll(ctx, desk));
  router.get(
    '/alerts/:id',
    desk.orPlain('support', (ctx) => showOne(ctx, desk)),
  );
}

async function showAll(ctx: Context, desk: Desk): Promise<void> {
  const { before } = ctx.query;
  const from = typeof before === 'string' && /^\d{1,15}$/.test(before) ? Number(before) : undefined;
  const [waiting, listed] = await Promise.all([
    from === undefined ? listAlerts(desk.store, { limit: MOST, waiting: true }) : [],
    listAlerts(desk.store, { before: from, limit: MOST + 1 }),
  ]);
  const shown = listed.slice(0, MOST);
  desk.show(ctx, 'alerts', {
    ...{ title: TEXTS.nav.alerts, live: from === undefined, waiting, alerts: shown },
    older: listed.length > MOST ? (shown.at(-1)?.createdAt ?? null) : null,
  });
}

async function showOne(ctx: Context, desk: Desk): Promise<void> {
  const id = String(ctx['params'].id);
  const alert = isId(id) ? await keptAlert(desk.store, id, DELIVERIES) : null;
  if (!alert) throw new AppError('not_found', TEXTS.errors.nothing);
  desk.show(ctx, 'alert', { title: alert.subject, alert, more: alert.count - alert.deliveries.length });
}

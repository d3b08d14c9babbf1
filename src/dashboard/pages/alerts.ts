import type Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { isId } from '../../base/ids.ts';
import { parse } from '../../base/parse.ts';
import { MOST_ON_PAGE } from '../../contract/page.ts';
import { headlineOf } from '../../core/words/incidents.ts';
import { acknowledgeIncident } from '../../operate/acknowledge.ts';
import { listAlerts } from '../../store/alert-list.ts';
import { keptAlert } from '../../store/alerts.ts';
import { openIncidents } from '../../store/incidents.ts';
import { type Desk, type Next, whoIs } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Visitor } from '../desk/visitor.ts';

const MOST = 50;

/** What administrators were told, and what is still to be told. */
export function addAlerts(router: Router, desk: Desk): void {
  router.get('/alerts', desk.allow('support'), (ctx) => showAll(ctx, desk));
  router.post('/incidents/:id/take', ...desk.act('operator', (ctx, _, visitor) => take(ctx, desk, visitor)));
  router.get(
    '/alerts/:id',
    desk.orPlain('support', (ctx) => showOne(ctx, desk)),
  );
}

async function showAll(ctx: Context, desk: Desk): Promise<void> {
  const { at, before: id } = parse(SEARCH, { ...ctx.query });
  const before = at !== undefined && id !== undefined ? { at, id } : undefined;
  const [open, waiting, listed] = await Promise.all([
    before ? [] : openIncidents(desk.store, MOST),
    before ? [] : listAlerts(desk.store, { limit: MOST, waiting: true }),
    listAlerts(desk.store, { before, limit: MOST + 1 }),
  ]);
  const shown = listed.slice(0, MOST);
  const last = listed.length > MOST ? shown.at(-1) : undefined;
  desk.show(ctx, 'alerts', {
    ...{ title: TEXTS.nav.alerts, live: !before, waiting, alerts: shown },
    open: open.map((one) => ({ ...one, headline: headlineOf(one) })),
    older: last ? `/alerts?${new URLSearchParams({ at: String(last.createdAt), before: last.id })}` : null,
  });
}

const SEARCH = z.object({
  at: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  before: z.string().max(26).optional(),
});

async function take(ctx: Context, desk: Desk, visitor: Visitor): Promise<Next> {
  const id = String(ctx['params'].id);
  const taken = isId(id) ? await acknowledgeIncident(desk.store, { id, who: whoIs(visitor) }, desk.now()) : null;
  if (!taken) throw new AppError('not_found', TEXTS.errors.nothing);
  if (taken.incident.endedAt !== null) throw new AppError('conflict', TEXTS.alerts.over);
  return { to: '/alerts', done: taken.isNew ? 'taken' : 'takenBefore' };
}

async function showOne(ctx: Context, desk: Desk): Promise<void> {
  const id = String(ctx['params'].id);
  const alert = isId(id) ? await keptAlert(desk.store, id, MOST_ON_PAGE) : null;
  if (!alert) throw new AppError('not_found', TEXTS.errors.nothing);
  const more = alert.count - alert.deliveries.length;
  desk.show(ctx, 'alert', { title: alert.subject, alert, parts: partsOf(alert.body), more });
}

/**
 * The paragraphs of a letter, each line with what it is about. A letter is laid out for characters of one width: a label,
 * blanks, a text, and what hangs below it; a page is as wide as it may be.
 */
function partsOf(body: string): { label: string | null; says: string }[][] {
  return body.split(/\n\s*\n/).map((part) => {
    const lines = part.replace(/\n {4,}/g, ' ').split('\n');
    return lines.map((line) => {
      const [, label = null, says = line] = /^ *(\S.{0,11}?) {2,}(.*)$/.exec(line) ?? [];
      return { label, says: says.trim().replace(/ {2,}/g, ' ') };
    });
  });
}

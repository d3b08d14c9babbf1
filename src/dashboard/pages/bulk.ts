import type Router from '@koa/router';
import type { Context } from 'koa';
import { AppError } from '../../base/errors.ts';
import { isId } from '../../base/ids.ts';
import { BULK_ACTIONS, type BulkAction, type Skip } from '../../core/bulk.ts';
import { type BulkRun, beginBulk, bulkRun, bulkRuns, confirmBulk, stopBulk } from '../../store/bulk.ts';
import type { Filter } from '../../store/messages/lists.ts';
import { type Desk, type Form, type Next, NotAllowed, whoIs } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import { mayAct, type Role } from '../desk/users.ts';
import type { Visitor } from '../desk/visitor.ts';
import { filterOf } from '../search/find.ts';
import { readQuery } from '../search/query.ts';

const MOST_TICKED = 200;
const MOST_LISTED = 50;

const ROLE: Record<BulkAction, Role> = {
  retry: 'operator',
  backup: 'operator',
  release: 'operator',
  cancel: 'operator',
  unsuppress: 'owner',
  erase: 'owner',
};

/** What somebody of a role may do to much mail. */
export const bulkActionsOf = (role: Role): BulkAction[] => BULK_ACTIONS.filter((action) => mayAct(role, ROLE[action]));

/** Much mail at once: what would be done is counted first, then somebody says yes and why, then it is done at a pace. */
export function addBulk(router: Router, desk: Desk): void {
  router.get('/bulk', desk.allow('operator'), async (ctx) => {
    const kept = await bulkRuns(desk.store, MOST_LISTED);
    const runs = kept.map((run) => ({ ...run, n: isStoppedBefore(run) ? 0 : run.counts.done }));
    desk.show(ctx, 'bulk-list', { title: TEXTS.bulk.title, live: true, runs });
  });
  router.get('/bulk/:id', desk.allow('operator'), (ctx) => showRun(ctx, desk));
  router.post('/bulk', ...desk.act('operator', (_, form, visitor) => begin(desk, form, visitor)));
  router.post('/bulk/:id/confirm', ...desk.act('operator', (ctx, form, visitor) => confirm(ctx, desk, form, visitor)));
  router.post('/bulk/:id/stop', ...desk.act('operator', (ctx, _, visitor) => stop(ctx, desk, visitor)));
}

async function begin(desk: Desk, form: Form, visitor: Visitor): Promise<Next> {
  const action = BULK_ACTIONS.find((one) => one === form.get('action'));
  if (!action) throw new AppError('invalid', TEXTS.bulk.noAction);
  allowed(visitor, action);
  const all = await allOf(form.get('q') ?? '', desk);
  const { query, filter } = form.get('scope') === 'all' ? all : ticked(form, all.filter);
  const wish = { action, query, filter, who: whoIs(visitor) };
  return { to: `/bulk/${await beginBulk(desk.store, wish, desk.now())}` };
}

function allowed(visitor: Visitor, action: BulkAction): void {
  if (!mayAct(visitor.role, ROLE[action])) throw new NotAllowed();
}

async function allOf(search: string, { store, timezone, providers = [] }: Desk) {
  const query = readQuery(search, { timezone, providers });
  if (query.problems.length > 0) throw new AppError('invalid', query.problems.join(' '));
  return { query: search.trim() || TEXTS.bulk.everything, filter: await filterOf(store, query) };
}

/** Whoever looked for the mail of one person means that person, and not the others whom it went to. */
function ticked(form: Form, { recipient }: Filter) {
  const ids = [...new Set(form.getAll('id').filter(isId))];
  if (ids.length === 0) throw new AppError('invalid', TEXTS.bulk.nothingTicked);
  if (ids.length > MOST_TICKED) throw new AppError('invalid', TEXTS.bulk.tooMany(MOST_TICKED));
  return { query: TEXTS.bulk.ticked(ids.length, recipient), filter: { ids, recipient } };
}

async function showRun(ctx: Context, desk: Desk): Promise<void> {
  const run = await runIn(ctx, desk);
  const { action, phase, counts, checked, filter } = run;
  const search = run.query === TEXTS.bulk.everything ? '' : run.query;
  const live = phase === 'checking' || phase === 'running';
  desk.show(ctx, 'bulk', {
    ...{ title: TEXTS.bulk.titleOf[action], run, live, reloads: live },
    mail: filter.ids ? null : `/messages?${new URLSearchParams({ q: search })}`,
    scope: TEXTS.bulk.scope[action](counts.done, run.query),
    skipped: Object.entries(counts.skipped).map(([why, n]) => ({ why: TEXTS.bulk.skips[why as Skip], n })),
    ...{ total: checked?.seen ?? null, summary: summaryOf(run), mayConfirm: counts.done > 0 },
  });
}

/** Until it is confirmed, what was counted is what would be done. */
const isStoppedBefore = ({ phase, checked }: BulkRun): boolean => phase === 'stopped' && checked === null;

function summaryOf(run: BulkRun): string {
  const { done: n, seen } = run.counts;
  return isStoppedBefore(run) ? TEXTS.bulk.stoppedBefore : TEXTS.bulk.phase[run.phase]({ n, seen });
}

async function runIn(ctx: Context, { store }: Desk): Promise<BulkRun> {
  const id = String(ctx['params'].id);
  const run = isId(id) ? await bulkRun(store, id) : null;
  if (!run) throw new AppError('not_found', TEXTS.errors.nothing);
  return run;
}

async function confirm(ctx: Context, desk: Desk, form: Form, visitor: Visitor): Promise<Next> {
  const run = await runIn(ctx, desk);
  allowed(visitor, run.action);
  const reason = (form.get('reason') ?? '').trim();
  if (reason === '') throw new AppError('invalid', TEXTS.bulk.noReason);
  if (!(await confirmBulk(desk.store, run, { who: whoIs(visitor), reason }, desk.now())))
    throw new AppError('conflict', TEXTS.bulk.notReady);
  return { to: `/bulk/${run.id}` };
}

async function stop(ctx: Context, desk: Desk, visitor: Visitor): Promise<Next> {
  const run = await runIn(ctx, desk);
  if (!(await stopBulk(desk.store, run, whoIs(visitor), desk.now()))) throw new AppError('conflict', TEXTS.bulk.over);
  return { to: `/bulk/${run.id}` };
}

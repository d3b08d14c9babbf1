import type Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { parseDuration } from '../../base/duration.ts';
import { AppError } from '../../base/errors.ts';
import { isId } from '../../base/ids.ts';
import { parse } from '../../base/parse.ts';
import { CLASSES } from '../../core/message-class.ts';
import { lengthOf, type Outage } from '../../core/outages.ts';
import { DAY } from '../../core/time.ts';
import { lengthWords } from '../../core/words/numbers.ts';
import { outageMarkdown, tollWords } from '../../core/words/outages.ts';
import { putOffWords } from '../../core/words/receivers.ts';
import { release } from '../../operate/release.ts';
import { standings } from '../../store/notes/health.ts';
import { activeHolds, addHold } from '../../store/notes/holds.ts';
import { putOffsNow } from '../../store/notes/receivers.ts';
import { outageNamed, outagesSince, tollOf } from '../../store/outages.ts';
import { type Desk, type Form, type Next, whoIs } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Visitor } from '../desk/visitor.ts';

const DAYS = 30;

/** When providers were down, what it did to the mail, and what people keep back. */
export function addOutages(router: Router, desk: Desk): void {
  router.get('/outages', desk.allow('support'), (ctx) => showAll(ctx, desk));
  router.get('/outages/:id', desk.allow('support'), (ctx) => showOne(ctx, desk));
  router.get('/outages/:id/review.md', desk.allow('support'), async (ctx) => {
    const outage = await outageIn(ctx, desk);
    const at = desk.now();
    ctx.body = outageMarkdown(outage, await tollOf(desk.store, outage, at), at);
    ctx.attachment(`outage-${outage.id}.md`);
    ctx.type = 'text/markdown; charset=utf-8';
  });
  router.post('/holds', ...desk.act('operator', (_, form, visitor) => hold(desk, form, visitor)));
  router.post('/holds/:id/release', ...desk.act('operator', (ctx, _, visitor) => letGo(ctx, desk, visitor)));
}

async function showAll(ctx: Context, desk: Desk): Promise<void> {
  const { store, settings } = desk;
  const at = desk.now();
  const [outages, holds, known, putOffs] = await Promise.all([
    outagesSince(store, at - DAYS * DAY),
    activeHolds(store, at),
    standings(store),
    putOffsNow(store, { now: at, window: settings.outageWindow }),
  ]);
  desk.show(ctx, 'outages', {
    ...{ title: TEXTS.outages.title, live: true, days: DAYS, holds, classes: CLASSES },
    outages: outages.map((outage) => ({ ...outage, length: lengthOf(outage, at) })),
    putOffs: putOffs.map((one) => `${one.provider}: ${putOffWords(one, settings.outageWindow)}.`),
    providers: desk.providers ?? [...known.keys()],
  });
}

async function showOne(ctx: Context, desk: Desk): Promise<void> {
  const outage = await outageIn(ctx, desk);
  const at = desk.now();
  const words = tollWords(outage, await tollOf(desk.store, outage, at));
  desk.show(ctx, 'outage', {
    ...{
      title: TEXTS.outages.one(outage.provider, outage.endedAt !== null),
      live: outage.endedAt === null,
      outage,
      words,
    },
    ...{ lasted: lengthWords(lengthOf(outage, at)), changes: outage.changes.toReversed() },
  });
}

async function outageIn(ctx: Context, { store }: Desk): Promise<Outage> {
  const id = String(ctx['params'].id);
  const outage = isId(id) ? await outageNamed(store, id) : null;
  if (!outage) throw new AppError('not_found', TEXTS.errors.nothing);
  return outage;
}

const some = z.string().trim();

async function hold({ store, providers, now }: Desk, form: Form, visitor: Visitor): Promise<Next> {
  const wish = parse(HOLD, Object.fromEntries(form));
  // Under another name nothing would be held, and nobody would know.
  if (wish.provider !== null && providers?.includes(wish.provider) === false)
    throw new AppError('invalid', TEXTS.outages.noProvider);
  const at = now();
  const { for: span, provider, class: kind, reason } = wish;
  await addHold(store, { provider, class: kind, reason, until: span && at + span, who: whoIs(visitor) }, at);
  return { to: '/outages', done: 'held' };
}

const HOLD = z.object({
  provider: some.max(300).transform((name) => name || null),
  class: z.enum(['', ...CLASSES]).transform((name) => name || null),
  for: some.transform((text, ctx) => {
    const span = parseDuration(text);
    if (text === '' || (span !== null && span > 0)) return span;
    ctx.addIssue({ code: 'custom', message: 'must be a length such as 2h, or empty' });
    return z.NEVER;
  }),
  reason: some.min(1, 'is needed: whoever finds the hold has to know').max(1000),
});

async function letGo(ctx: Context, { store, now }: Desk, visitor: Visitor): Promise<Next> {
  const id = String(ctx['params'].id);
  if (!isId(id) || !(await release(store, id, whoIs(visitor), now())))
    throw new AppError('conflict', TEXTS.outages.noSuchHold);
  return { to: '/outages', done: 'released' };
}

import type Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { isId } from '../../base/ids.ts';
import { parse } from '../../base/parse.ts';
import { cancelMessage, reopenMessage } from '../../operate/operate.ts';
import { resendMessage } from '../../operate/resend.ts';
import { type Desk, type Form, type Next, whoIs } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Visitor } from '../desk/visitor.ts';
import { ACTS, type Act } from './mail-card.ts';

/** Sends a mail again, tries it again or stops it: for one of its recipients, or for all. */
export function addActs(router: Router, desk: Desk): void {
  const acts: Record<Act, (wish: Wish) => Promise<Next>> = {
    resend: (wish) => resend(desk, wish),
    retry: (wish) => retry(desk, wish),
    cancel: (wish) => cancel(desk, wish),
  };
  for (const name of Object.keys(acts) as Act[])
    router.post(
      `/messages/:id/${name}`,
      ...desk.act(ACTS[name], (ctx, form, visitor) => acts[name](wishIn(ctx, form, visitor))),
    );
}

type Wish = { message: string; recipient?: string | undefined; why: string; who: string; to: string };

const FIELDS = z.object({
  recipient: z
    .string()
    .max(320)
    .transform((text) => text || undefined)
    .optional(),
  why: z.string().trim().min(1, TEXTS.mail.needsWhy).max(200),
});

function wishIn(ctx: Context, form: Form, visitor: Visitor): Wish {
  const message = String(ctx['params'].id);
  if (!isId(message)) throw new AppError('not_found', TEXTS.errors.nothing);
  const { recipient, why } = parse(FIELDS, Object.fromEntries(form));
  const to = `/messages/${message}`;
  return { message, recipient, why, who: whoIs(visitor), to };
}

async function resend({ store, settings, now, onQueued }: Desk, { to, ...wish }: Wish): Promise<Next> {
  const at = now();
  const { result, reopened, availableAt } = await resendMessage(store, wish, {
    cooldown: settings.resendCooldown,
    now: at,
  });
  if (reopened > 0) {
    onQueued?.();
    return { to, done: 'resent', count: reopened };
  }
  if (result === 'already_delivered') return { to, done: 'resendArrived' };
  if (result === 'cancelled') return { to, done: 'resendCancelled' };
  if (result === 'not_possible') return { to, done: 'resendNot' };
  return { to, done: 'resendWait', count: Math.ceil(Math.max(0, (availableAt ?? at) - at) / 1000) };
}

async function retry({ store, now, onQueued }: Desk, { to, ...wish }: Wish): Promise<Next> {
  const { reopened } = await reopenMessage(store, { ...wish, what: 'retry' }, now());
  onQueued?.();
  return { to, done: 'retried', count: reopened };
}

async function cancel({ store, now }: Desk, { to, ...wish }: Wish): Promise<Next> {
  const { cancelled } = await cancelMessage(store, { ...wish, reason: 'by_operator', said: wish.why }, now());
  return { to, done: cancelled > 0 ? 'cancelled' : 'nothingOpen', count: cancelled };
}

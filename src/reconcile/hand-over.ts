import type { Log } from '../base/log.ts';
import type { Answer } from '../core/answer.ts';
import type { Action } from '../core/decide.ts';
import type { Fact } from '../core/delivery.ts';
import type { Clock, Ms } from '../core/time.ts';
import type { Copy, Routes } from '../providers/provider.ts';
import type { Store } from '../store/db/open.ts';
import { sealedBody } from '../store/messages/bodies.ts';
import type { View } from '../store/rows/rows.ts';

export type HandOver = Extract<Action, { do: 'handOver' }>;
export type HandOverDeps = {
  store: Store;
  routes: Routes;
  now: Clock /** Never goes back. */;
  monotonic: Clock;
  lease: Ms;
  /** Set when the process is to stop: what has not begun to leave is not begun any more. */
  signal: AbortSignal;
  log: Log;
};

/** Performs a claimed hand-over and says what became of it. `claimedAt` is on the monotonic clock. */
export async function handOver(deps: HandOverDeps, view: View, action: HandOver, claimedAt: Ms): Promise<Fact> {
  const { answer, via, passedOver } = await answerOf(deps, view, action, claimedAt);
  return factFrom(answer, view.delivery.attempt, deps.now(), via, passedOver);
}

type Handed = { answer: Answer; via: string | null; passedOver: readonly string[] };

const direct = (answer: Answer): Handed => ({ answer, via: null, passedOver: [] });

async function answerOf(deps: HandOverDeps, view: View, action: HandOver, claimedAt: Ms): Promise<Handed> {
  const { routes } = deps;
  try {
    if (action.route === 'repost')
      return direct(late(deps, claimedAt) ?? (await routes.repost(view, action.deliverAt)));
    const copy = action.route === 'secondary' ? await readyCopy(deps, view) : await copyOf(deps, view);
    if ('answer' in copy) return direct(copy.answer);
    const tooLate = late(deps, claimedAt);
    if (tooLate) return direct(tooLate);
    if (action.route === 'secondary' && 'mime' in copy) return await routes.relay(view, copy.mime);
    return direct(await routes.send(view, copy, action.deliverAt));
  } catch (error) {
    // A fault of our own after the claim: nobody can say how far it got.
    deps.log.error({ delivery: view.id, error }, 'a hand-over broke');
    return direct({ kind: 'unanswered', detail: 'a fault of our own; see the log' });
  }
}

/**
 * A process that slept through half its lease must not send: another may be about to take the delivery for dead. Nothing
 * has left yet, so this is a certain no.
 */
function late(deps: HandOverDeps, claimedAt: Ms): Answer | null {
  if (deps.signal.aborted)
    return { kind: 'refused', why: 'busy', detail: 'this process was stopped before it could send' };
  if (deps.monotonic() - claimedAt < deps.lease / 2) return null;
  return { kind: 'refused', why: 'busy', detail: 'this process was paused for too long before it could send' };
}

/** Our sealed copy when there is one, else the provider's stored one. */
async function copyOf({ store, routes }: HandOverDeps, view: View): Promise<Copy | { answer: Answer }> {
  const sealed = await sealedBody(store, view.messageId);
  return sealed ? routes.open(sealed, view.messageId) : storedCopy(routes, view);
}

/** A copy that another server can take. A template is rendered by Mailgun alone, so there it takes Mailgun's stored copy. */
async function readyCopy(deps: HandOverDeps, view: View): Promise<{ mime: Buffer } | { answer: Answer }> {
  const copy = await copyOf(deps, view);
  if (!('form' in copy)) return copy;
  const mime = await deps.routes.compose(view, copy.form);
  return mime ? { mime } : storedCopy(deps.routes, view);
}

async function storedCopy(routes: Routes, view: View): Promise<{ mime: Buffer } | { answer: Answer }> {
  const fetched = await routes.fetchMime(view);
  if (fetched.kind === 'mime') return { mime: fetched.mime };
  const why = fetched.kind === 'failed' ? 'busy' : fetched.kind;
  return { answer: { kind: 'refused', why, detail: `the stored copy: ${fetched.detail}` } };
}

export function factFrom(
  answer: Answer,
  attempt: number,
  at: Ms,
  via: string | null,
  passedOver: readonly string[],
): Fact {
  const { detail } = answer;
  const where = { via, ...(passedOver.length > 0 ? { passedOver } : {}) };
  switch (answer.kind) {
    case 'accepted': {
      const { messageId } = answer;
      return {
        key: `accepted:${attempt}`,
        at,
        kind: 'accepted',
        attempt,
        messageId,
        tracked: via === null,
        detail,
        ...where,
      };
    }
    case 'refused': {
      const { why, retryAfter = null } = answer;
      return { key: `refused:${attempt}`, at, kind: 'refused', attempt, why, detail, retryAfter, ...where };
    }
    case 'unanswered':
      return { key: `unanswered:${attempt}`, at, kind: 'unanswered', attempt, detail, via };
  }
}

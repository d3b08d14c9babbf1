import type { Times } from '../base/times.ts';
import type { Clock, Ms } from '../core/time.ts';
import { lengthWords, timeWords } from '../core/words/numbers.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { lastWebhookAt } from '../store/inbox/inbox.ts';
import { acceptedSince } from '../store/messages/find.ts';
import { cursor, RECONCILED } from '../store/notes/cursors.ts';

export type WatchDeps = {
  store: Store;
  /** When the reconciler runs. */
  reconcileTimes: Pick<Times, 'last'>;
  reconcileSilence: Ms;
  webhookSilence: Ms;
  now: Clock;
};

/**
 * Raises alerts for what nobody would notice otherwise: a reconciler that stands still, and webhooks that do not come.
 */
export async function watch(deps: WatchDeps, startedAt: Ms): Promise<void> {
  await watchReconciler(deps, startedAt);
  await watchWebhooks(deps, startedAt);
}

async function watchReconciler(deps: WatchDeps, startedAt: Ms): Promise<void> {
  const { store, reconcileTimes, reconcileSilence, now } = deps;
  const last = (await cursor(store, RECONCILED))?.at ?? 0;
  const silentSince = Math.max(last, startedAt);
  if (!standsStill({ times: reconcileTimes, silence: reconcileSilence }, silentSince, now())) return;
  const detail = `It last finished ${last === 0 ? 'never' : `at ${timeWords(last)}`}, ${lengthWords(now() - silentSince)} ago.`;
  await raise(store, {
    item_key: `reconciler_silent:${last}`,
    incident: 'reconciler_silent',
    kind: 'reconciler_silent',
    at: now(),
    detail,
  });
}

/** Whether a run that was due so long ago would have finished since the last one that did. */
export const standsStill = (
  { times, silence }: { times: Pick<Times, 'last'>; silence: Ms },
  lastRun: Ms,
  now: Ms,
): boolean => lastRun < times.last(now - silence);

async function watchWebhooks({ store, webhookSilence, now }: WatchDeps, startedAt: Ms): Promise<void> {
  const heard = await lastWebhookAt(store);
  const since = Math.max(heard ?? 0, startedAt);
  if (now() - since < webhookSilence) return;
  // Mail that was accepted long enough ago for its events to have come.
  const unheard = await acceptedSince(store, since, now() - webhookSilence);
  if (unheard === null) return;
  const last = heard === null ? 'No webhook has ever come in' : `The last webhook came in at ${timeWords(heard)}`;
  const detail = `${last}, although mail was accepted at ${timeWords(unheard)}.`;
  await raise(store, {
    item_key: `webhooks_silent:${heard ?? 0}`,
    incident: 'webhooks_silent',
    kind: 'webhooks_silent',
    at: now(),
    detail,
  });
}

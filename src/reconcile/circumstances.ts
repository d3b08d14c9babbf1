import { type Action, type Circumstances, decide } from '../core/decide.ts';
import type { Settings } from '../core/settings.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { withBodies } from '../store/messages/bodies.ts';
import { type Domain, domains, rememberDomains } from '../store/messages/domains.ts';
import { senderFaults } from '../store/projections/verdicts.ts';
import type { View } from '../store/rows/rows.ts';

/** A delivery that is due, what the world looks like to it, and what is to be done. */
export type Due = { view: View; circumstances: Circumstances; action: Action; note?: string; warning?: string };

export type LookDeps = { store: Store; settings: Settings; hasSecondary: boolean };

export async function lookAt(deps: LookDeps, views: readonly View[], now: Ms): Promise<Due[]> {
  const { store, settings } = deps;
  const names = views.map((v) => v.domain);
  const [known, bodies, faultOf] = await Promise.all([
    domains(store, names),
    withBodies(
      store,
      views.map((v) => v.messageId),
    ),
    senderFaults(store, names, now - settings.faultHold),
  ]);
  await rememberDomains(
    store,
    names.filter((name) => !known.has(name)),
  );
  return views.map((view) => {
    const circumstances = {
      ...circumstancesOf(deps, view, known.get(view.domain)),
      hasBody: bodies.has(view.messageId),
      faultAt: faultOf(view.domain, view.delivery.attempts.at(-1)?.failure?.verdict?.cause),
    };
    return { view, circumstances, action: decide(view.id, view.delivery, view.birth.policy, circumstances, now) };
  });
}

function circumstancesOf(
  { settings, hasSecondary }: LookDeps,
  view: View,
  domain: Domain | undefined,
): Omit<Circumstances, 'hasBody' | 'faultAt'> {
  const learnt = domain?.schedule === 'local' ? 'local' : 'mailgun';
  const retention = domain?.retention ?? null;
  return {
    schedule: settings.schedule === 'auto' ? learnt : settings.schedule,
    storageGoneAt: retention === null ? null : view.birth.createdAt + retention,
    hasSecondary,
    bounceListed: false,
    suppressed: view.suppressed !== null,
    adopted: view.origin === 'adopted',
    eventsSettle: settings.eventsSettle,
    pause: settings.pause,
    askPatience: settings.askPatience,
  };
}

/** Decides again under lock: what has come in since is in the view, and so is the suppression of its address. */
export function decideNow(view: View, { circumstances }: Due, now: Ms): Action {
  const present = { ...circumstances, suppressed: view.suppressed !== null };
  return decide(view.id, view.delivery, view.birth.policy, present, now);
}

/** What is left for an address that the provider's bounce list bars. */
export function barredNow({ view, circumstances }: Due, now: Ms): Due {
  const barred = { ...circumstances, bounceListed: true };
  return { view, circumstances: barred, action: decide(view.id, view.delivery, view.birth.policy, barred, now) };
}

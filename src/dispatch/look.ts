import { sleep } from '../base/wait.ts';
import type { Candidate } from '../core/capabilities.ts';
import { decide } from '../core/decision/decide.ts';
import type { Action, Circumstances, Look } from '../core/decision/world.ts';
import { isFree, preferred } from '../core/preference.ts';
import type { Settings } from '../core/settings.ts';
import type { Ms } from '../core/time.ts';
import { newsKeys, unreadNews } from '../store/inbox/news.ts';
import type { Claimed } from '../store/ledger/due.ts';
import { withBodies } from '../store/messages/bodies.ts';
import { type Domain, domains, rememberDomains } from '../store/messages/domains.ts';
import { senderFaults } from '../store/projections/verdicts.ts';
import { load, type View } from '../store/rows/rows.ts';
import type { Behind } from './behind.ts';
import { type KeptDeps, keptNow } from './kept.ts';
import { type SlowBy, skewOf } from './skew.ts';

/** A delivery that is due, what the world looks like to it, and what is to be done. */
export type Due = { view: View; circumstances: Circumstances; action: Action };

export type LookDeps = KeptDeps & {
  settings: Pick<
    Settings,
    | 'schedule'
    | 'eventsSettle'
    | 'pause'
    | 'askPatience'
    | 'faultHold'
    | 'lease'
    | 'rates'
    | 'outageWindow'
    | 'drainRate'
    | 'preference'
  >;
  /** Whom mail may be handed to, in order of preference. */
  candidates: readonly Candidate[];
  /** Makes facts of the events that wait in the inbox under these names. */
  understand(about: readonly string[]): Promise<unknown>;
  /** Which of these deliveries are of domains whose records are not read up to now. */
  behind: Behind;
  slowBy?: SlowBy;
  signal: AbortSignal;
};

const LOOKS = 20;
const LOOK_AGAIN: Ms = 50;

/**
 * Reads claimed deliveries when the events about them are understood: those events are news that a decision has to wait
 * for, and those about others are not. `unread` are deliveries about which something came in that could not be read now.
 */
export async function readNews(
  { store, understand, signal }: LookDeps,
  ids: readonly string[],
): Promise<{ views: View[]; unread: string[] }> {
  for (let n = 1; ; n++) {
    const views = [...(await load(store.db, ids)).values()];
    const unread = await unreadNews(store, views.flatMap(newsKeys));
    const isUnread = (view: View) => newsKeys(view).some((key) => unread.has(key));
    if (unread.size === 0 || n > LOOKS || signal.aborted) {
      return { views: views.filter((v) => !isUnread(v)), unread: views.filter(isUnread).map((v) => v.id) };
    }
    await understand([...unread]);
    // What another process is reading just now is understood in a moment.
    if (n > 1) await sleep(LOOK_AGAIN, signal);
  }
}

/** Decides what is to be done with each. */
export async function lookAt(
  deps: LookDeps,
  views: readonly View[],
  claimed: readonly Claimed[],
  now: Ms,
): Promise<Due[]> {
  const { store, settings } = deps;
  const names = views.map((v) => v.domain);
  const messages = views.map((v) => v.messageId);
  const [known, bodies, faultOf, behind, keptFrom] = await Promise.all([
    domains(store, names),
    withBodies(store, messages),
    senderFaults(store, names, now - settings.faultHold),
    deps.behind(views, now),
    keptNow(deps, names, now),
  ]);
  await rememberDomains(
    store,
    names.filter((name) => !known.has(name)),
  );
  const inVain = new Set(claimed.filter((c) => c.askedInVain).map((c) => c.id));
  // What news have moved since it was claimed is not due any more.
  const due = views.filter(({ delivery: { nextAt } }) => nextAt !== null && nextAt <= now);
  return due.map((view) => {
    const circumstances = {
      ...circumstancesOf(deps, view, known.get(view.domain)),
      hasBody: bodies.has(view.messageId),
      faultAt: faultOf(view.domain, view.delivery.attempts.at(-1)?.failure?.verdict?.cause),
      askedInVain: inVain.has(view.id),
      behind: behind.has(view.id),
      held: keptFrom(view),
    };
    return { view, circumstances, action: decide(lookOf(view, circumstances, now)) };
  });
}

function circumstancesOf(
  { settings, candidates, slowBy }: LookDeps,
  view: View,
  domain: Domain | undefined,
): Omit<Circumstances, 'hasBody' | 'faultAt' | 'askedInVain' | 'behind' | 'held'> {
  const isLocal = settings.schedule === 'auto' ? domain?.schedule === 'local' : settings.schedule === 'local';
  const retention = domain?.retention ?? null;
  return {
    candidates: preferred(view.id, candidates, settings.preference, isFree(view)),
    schedule: isLocal ? 'local' : 'provider',
    storageGoneAt: retention === null ? null : view.birth.createdAt + retention,
    suppressed: view.suppressed !== null,
    adopted: view.origin === 'adopted',
    eventsSettle: settings.eventsSettle,
    pause: settings.pause,
    askPatience: settings.askPatience,
    ahead: skewOf(slowBy).ahead,
  };
}

/** Decides again under lock: what has come in since is in the view, and so is the suppression of its address. */
export function decideNow(view: View, { circumstances }: Due, now: Ms): Action {
  const present = { ...circumstances, suppressed: view.suppressed !== null };
  return decide(lookOf(view, present, now));
}

const lookOf = ({ id, delivery: d, birth }: View, c: Circumstances, now: Ms): Look => ({
  ...{ id, d, policy: birth.policy, c, now },
});

import { wordsOf } from '../base/errors.ts';
import { renewing } from '../base/renewing.ts';
import { type BulkAction, type Candidate, counted, type Skip, skipOf } from '../core/bulk.ts';
import type { Fact } from '../core/delivery.ts';
import { endedFact } from '../core/ended.ts';
import { releasedFact } from '../core/released.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { type BulkRun, holdBulk, noteProgress, type TakenBulk, takeBulk } from '../store/bulk.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { lookAtSome } from '../store/ledger/due.ts';
import { keptAmong } from '../store/ledger/kept.ts';
import { change } from '../store/ledger/ledger.ts';
import type { Filter } from '../store/messages/lists.ts';
import { removeSuppression } from '../store/projections/suppressions.ts';
import { load, type View } from '../store/rows/rows.ts';
import { nextDeliveries } from './bulk-place.ts';
import { erase } from './erase.ts';
import { copiesOf, reopenedFact } from './operate.ts';

export type BulkDeps = {
  store: Store;
  /** So many deliveries a second are changed at most. */
  rate: number;
  lease: Ms;
  now: Clock;
};

/** So many are counted at once; nothing is changed by it. */
const CHECKED = 200;

/** Does the next part of what somebody wants done to much mail; says how much it did. At a steady pace, by one daemon. */
export async function bulkStep(deps: BulkDeps): Promise<number> {
  const { store, lease, now } = deps;
  const taken = await takeBulk(store, { now: now(), until: now() + lease });
  if (!taken) return 0;
  const renew = () => holdBulk(store, taken.claim, now() + lease);
  return renewing({ lease, renew }, () => nextPart(deps, taken));
}

async function nextPart(deps: BulkDeps, taken: TakenBulk): Promise<number> {
  const { store, now } = deps;
  const { run } = taken;
  const isCheck = run.phase === 'checking';
  const limit = isCheck ? CHECKED : atOnce(run.action, deps.rate);
  // Mail that was made since then was not meant.
  const filter: Filter = { ...(JSON.parse(run.filter) as Filter), until: untilOf(run) };
  const { ids, next } = await nextDeliveries(store, { filter, place: run.place, limit });
  const views = await load(store.db, ids);
  const about = await lookAround(store, [...views.values()], now());
  let counts = run.counts;
  for (const id of ids) {
    const view = views.get(id);
    const skip = view ? skipFor(run.action, view, about, now()) : 'gone';
    if (view && isReopened(run, view)) counts = counted(counts, 'done');
    else counts = counted(counts, skip ? { skip } : isCheck ? 'done' : await act(deps, run, view as View, about));
  }
  const phase = next === null ? (isCheck ? 'ready' : 'done') : run.phase;
  await noteProgress(store, taken, { counts, place: next, phase, dueAt: now() + (isCheck ? 0 : SECOND) }, now());
  // A step that found none may have read a part of the list that does not fit.
  return ids.length || 1;
}

const untilOf = ({ filter, createdAt }: BulkRun): Ms =>
  Math.min((JSON.parse(filter) as Filter).until ?? Number.POSITIVE_INFINITY, createdAt + 1);

/** Whether this run has opened it already, before a process died that could not note it any more: it may have ended again. */
const isReopened = ({ phase, phaseAt, who }: BulkRun, { facts }: View): boolean =>
  phase === 'running' && facts.some((fact) => fact.kind === 'reopened' && fact.by === who && fact.at >= phaseAt);

/** Erasing a person reads through much that is kept. */
const atOnce = (action: BulkAction, rate: number): number => (action === 'erase' ? 1 : rate);

/** What decides about deliveries beside what they are. */
type Around = { hasCopy(view: View): boolean; keptBy(view: View): Candidate['keptBy'] };

async function lookAround(store: Store, views: readonly View[], now: Ms): Promise<Around> {
  const [hasCopy, kept] = await Promise.all([copiesOf(store, views, now), keptAmong(store, views, now)]);
  const keptBy = ({ id }: View) => {
    const keeping = kept.get(id);
    return keeping ? ('hold' in keeping ? 'people' : 'provider') : null;
  };
  return { hasCopy, keptBy };
}

const skipFor = (action: BulkAction, view: View, around: Around, now: Ms): Skip | null =>
  skipOf(
    action,
    {
      ...{ delivery: view.delivery, class: view.class, suppressed: view.suppressed?.cause ?? null },
      ...{ watched: view.birth.policy.watch, hasCopy: around.hasCopy(view), keptBy: around.keptBy(view) },
    },
    now,
  );

type Result = Parameters<typeof counted>[1];

async function act(deps: BulkDeps, run: BulkRun, view: View, around: Around): Promise<Result> {
  try {
    return await ACTS[run.action](deps, run, view, around);
  } catch (error) {
    // Nothing is known of the rest either: it is done again from the place that was noted last.
    if (isDatabaseTrouble(error)) throw error;
    return { problem: `${view.id}: ${wordsOf(error)}` };
  }
}

type Act = (deps: BulkDeps, run: BulkRun, view: View, around: Around) => Promise<Result>;

const ACTS: Record<BulkAction, Act> = {
  retry: (deps, run, view, around) => changeOne(deps, run, view, around, (one, at) => reopenedFact(one, run.who, at)),
  backup: (deps, run, view, around) =>
    changeOne(deps, run, view, around, (one, at) => ({ ...reopenedFact(one, run.who, at), byBackup: true }) as Fact),
  release: async (deps, run, view, around) => {
    const result = await changeOne(deps, run, view, around, (one, at) => releasedFact(one, run.who, at));
    await lookAtSome(deps.store, [view.id], deps.now());
    return result;
  },
  cancel: (deps, run, view, around) =>
    changeOne(deps, run, view, around, (one, at) => endedFact(one, 'cancelled', 'by_operator', at)),
  unsuppress: async ({ store, now }, { who }, { recipient }) =>
    (await removeSuppression(store, recipient, who, now())) ? 'done' : { skip: 'not_suppressed' },
  erase: async ({ store, now }, { who }, { recipient }) => {
    await erase(recipient, { store, who, now });
    return 'done';
  },
};

/** Decided once more on what is locked: it may have moved since it was looked at. */
async function changeOne(
  { store, now }: BulkDeps,
  { action }: BulkRun,
  view: View,
  around: Around,
  factOf: (view: View, at: Ms) => Fact | null,
): Promise<Result> {
  const at = now();
  let result: Result = { skip: 'gone' };
  await change(store, [view.id], at, (one) => {
    const skip = skipFor(action, one, around, at);
    const fact = skip ? null : factOf(one, at);
    result = fact ? 'done' : { skip: skip ?? 'gone' };
    return fact ? [fact] : [];
  });
  return result;
}

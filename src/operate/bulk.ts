import { wordsOf } from '../base/errors.ts';
import { renewing } from '../base/renewing.ts';
import { type BulkAction, type Candidate, counted, skipOf } from '../core/bulk.ts';
import type { Fact } from '../core/delivery.ts';
import { endedFact } from '../core/ended.ts';
import { releasedFact } from '../core/released.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import {
  type BulkRun,
  holdBulk,
  NotOurs,
  noteProgress,
  noteProgressIn,
  type Progress,
  type TakenBulk,
  takeBulk,
} from '../store/bulk.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
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
  const { store, rate } = deps;
  const { run } = taken;
  const limit = run.phase === 'checking' ? CHECKED : run.action === 'erase' ? ERASED : rate;
  const part = await nextDeliveries(store, { filter: meant(run), place: run.place, limit });
  try {
    await (run.phase === 'checking' ? checkPart : DO[run.action])(deps, taken, part);
  } catch (error) {
    if (!(error instanceof NotOurs)) throw error;
  }
  // A step that found none may have read a part of the list that does not fit.
  return part.ids.length || 1;
}

/** Erasing a person reads through much that is kept. */
const ERASED = 1;

/** Mail that was made since then was not meant. */
const meant = ({ filter, createdAt }: BulkRun): Filter => ({
  ...filter,
  until: Math.min(filter.until ?? Number.POSITIVE_INFINITY, createdAt + 1),
});

type Part = { ids: readonly string[]; next: string | null };
type DoPart = (deps: BulkDeps, taken: TakenBulk, part: Part) => Promise<void>;

async function checkPart(deps: BulkDeps, taken: TakenBulk, part: Part): Promise<void> {
  const { store, now } = deps;
  const views = await load(store.db, part.ids);
  const around = await lookAround(store, [...views.values()], now());
  const results = part.ids.map((id) => resultOf(taken.run, views.get(id), around, now()));
  await noteAlone(deps, taken, part, results);
}

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

function resultOf({ action }: BulkRun, view: View | undefined, around: Around, now: Ms): Result {
  if (!view) return { skip: 'gone' };
  const candidate = {
    ...{ delivery: view.delivery, class: view.class, suppressed: view.suppressed?.cause ?? null },
    ...{ watched: view.birth.policy.watch, hasCopy: around.hasCopy(view), keptBy: around.keptBy(view) },
  };
  const skip = skipOf(action, candidate, now);
  return skip === null ? 'done' : { skip };
}

type Result = Parameters<typeof counted>[1];

/**
 * One fact for each delivery, decided once more on what is locked, and how far it is, in one commit: a process that dies has
 * done all of a part or nothing.
 */
const withFact =
  (factOf: (view: View, who: string, at: Ms) => Fact): DoPart =>
  async (deps, taken, part) => {
    const { store, now } = deps;
    const { run } = taken;
    const at = now();
    const around = await lookAround(store, [...(await load(store.db, part.ids)).values()], at);
    const results = new Map<string, Result>();
    const decide = (view: View): Fact[] => {
      const result = resultOf(run, view, around, at);
      results.set(view.id, result);
      return result === 'done' ? [factOf(view, run.who, at)] : [];
    };
    const inOrder = () => part.ids.map((id) => results.get(id) ?? ({ skip: 'gone' } as const));
    if (part.ids.length === 0) return noteAlone(deps, taken, part, []);
    try {
      await change(store, part.ids, at, decide, (tx) =>
        noteProgressIn(tx, taken, progressOf(deps, taken, part, inOrder()), at),
      );
    } catch (error) {
      const problem = problemOf(error);
      await noteAlone(
        deps,
        taken,
        part,
        part.ids.map(() => problem),
      );
    }
  };

/** What went wrong with the mail itself is counted, and the rest goes on. What else goes wrong is tried again. */
function problemOf(error: unknown): Result {
  if (error instanceof NotOurs || isDatabaseTrouble(error)) throw error;
  return { problem: wordsOf(error) };
}

/** What writes elsewhere is done one by one; done again after a process died, it changes nothing. */
const oneByOne =
  (act: (deps: BulkDeps, run: BulkRun, recipient: string) => Promise<Result>): DoPart =>
  async (deps, taken, part) => {
    const views = await load(deps.store.db, part.ids);
    const around = await lookAround(deps.store, [...views.values()], deps.now());
    const results: Result[] = [];
    for (const id of part.ids) {
      const view = views.get(id);
      const result = resultOf(taken.run, view, around, deps.now());
      results.push(view && result === 'done' ? await act(deps, taken.run, view.recipient).catch(problemOf) : result);
    }
    await noteAlone(deps, taken, part, results);
  };

const DO: Record<BulkAction, DoPart> = {
  retry: withFact((view, who, at) => reopenedFact(view, who, at)),
  backup: withFact((view, who, at) => reopenedFact(view, who, at, { byBackup: true })),
  release: withFact(releasedFact),
  cancel: withFact((view, _, at) => endedFact(view, 'cancelled', 'by_operator', at)),
  unsuppress: oneByOne(async ({ store, now }, { who }, recipient) =>
    (await removeSuppression(store, recipient, who, now())) ? 'done' : { skip: 'not_suppressed' },
  ),
  erase: oneByOne(async ({ store, now }, { who }, recipient) => {
    await erase(recipient, { store, who, now });
    return 'done';
  }),
};

const noteAlone = (deps: BulkDeps, taken: TakenBulk, part: Part, results: readonly Result[]): Promise<void> =>
  noteProgress(deps.store, taken, progressOf(deps, taken, part, results), deps.now());

function progressOf({ now }: BulkDeps, { run }: TakenBulk, { next }: Part, results: readonly Result[]): Progress {
  const isCheck = run.phase === 'checking';
  return {
    counts: results.reduce(counted, run.counts),
    place: next,
    phase: next !== null ? run.phase : isCheck ? 'ready' : 'done',
    dueAt: now() + (isCheck ? 0 : SECOND),
  };
}

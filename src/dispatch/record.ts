import { gather } from '../base/gather.ts';
import { sleep, stopwatch } from '../base/wait.ts';
import type { Fact } from '../core/delivery.ts';
import { groupBy } from '../core/group.ts';
import { tookOf } from '../core/latency.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { withMark } from '../store/db/added-once.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { change } from '../store/ledger/ledger.ts';
import { pause } from '../store/notes/pauses.ts';
import { addSignsIn, type Ending, type Sign } from '../store/notes/signs.ts';
import type { View } from '../store/rows/rows.ts';
import { type KeepWaitsDeps, keepWaitsHere } from './keep-waits.ts';

export type RecordDeps = KeepWaitsDeps & {
  store: Store;
  settings: { pause: Ms; outageWindow: Ms };
  now: Clock;
  signal: AbortSignal;
};

/**
 * What became of a hand-over, and how long the call took, where that says something. `isToldBefore`: one call was for
 * several, and what it says of the provider is said once.
 */
export type Ended = { view: View; fact: Fact; took?: Ms | null; isToldBefore?: boolean };

/** Resolves when it is written down. */
export type Recording = (ended: Ended) => Promise<void>;

/** So many answers are written at once, in one commit. */
const MOST = 64;
/**
 * A server is asked a dozen times for each commit, so a few answers wait for others: nothing but their place waits. Where the
 * driver is synchronous a commit takes less time than that.
 */
const LINGER: Ms = 40;

/** Writes down what becomes of hand-overs: those that end at about the same time in one commit. */
export function createRecording(deps: RecordDeps): Recording {
  const write = (all: readonly Ended[]) => writeDown(deps, all);
  const atOnce = gather<Ended>(write, MOST, { linger: LINGER });
  const together = deps.store.isSynchronous ? atOnce : atOnce.later;
  const record = async (ended: Ended) => {
    await together(ended).catch((error: unknown) => alone(error, () => write([ended])));
    await heed(deps, ended);
  };
  return (ended) => insist(deps, () => record(ended));
}

/** What a provider says about more than this mail is not asked again by each. */
async function heed(deps: RecordDeps, { view, fact, isToldBefore }: Ended): Promise<void> {
  if (fact.kind !== 'refused' || isToldBefore) return;
  const { why, retryAfter, at, detail } = fact;
  const { store, settings } = deps;
  const provider = view.delivery.provider ?? '';
  if (why === 'unscheduled') await keepWaitsHere(deps, view, detail);
  if (why === 'busy' && retryAfter) await pause(store, { provider, domain: null }, at + retryAfter);
  if (why === 'account') await pause(store, { provider, domain: view.domain }, at + (retryAfter ?? settings.pause));
}

async function writeDown({ store, settings, now }: RecordDeps, all: readonly Ended[]): Promise<void> {
  const endsOf = groupBy(all, ({ view }) => view.id);
  const at = now();
  const facts = (view: View) => (endsOf.get(view.id) ?? []).map(({ fact }) => fact);
  const signs = (tx: Parameters<typeof addSignsIn>[0]) =>
    addSignsIn(tx, signsIn(all), { now: at, window: settings.outageWindow });
  await withMark(store, at, (once) => change(store, [...endsOf.keys()], at, facts, (tx) => once(tx, () => signs(tx))));
}

/** How the calls went, whatever became of the mail. */
function signsIn(all: readonly Ended[]): Sign[] {
  const each = all.flatMap(({ view, fact, took = null, isToldBefore }) => {
    const ending = isToldBefore ? null : endingOf(fact);
    if (ending === null) return [];
    // What took too long did not end well, and counts as that.
    const kinds = ending === 'taken' && took !== null ? [ending, tookOf(took)] : [ending];
    return kinds.map((kind) => ({ provider: view.delivery.provider ?? '', kind }));
  });
  const same = groupBy(each, ({ provider, kind }) => `${kind} ${provider}`);
  return [...same.values()].map((signs) => ({ ...signs[0], n: signs.length }));
}

function endingOf(fact: Fact): Ending | null {
  if (fact.kind === 'accepted') return 'taken';
  if (fact.kind === 'unanswered') return 'failed';
  if (fact.kind !== 'refused') return null;
  if (fact.why === 'account') return 'barred';
  // It asked for a pause, which is kept: that is no outage.
  if (fact.why === 'busy') return fact.retryAfter === null ? 'failed' : null;
  return fact.why === 'withdrawn' ? null : 'taken';
}

/** One that can't be written must not take the others with it. */
async function alone(error: unknown, write: () => Promise<void>): Promise<void> {
  if (isDatabaseTrouble(error)) throw error;
  await write();
}

/**
 * What became of a hand-over is known to this process alone. While the database is away it is kept here, and its place is
 * not free for another: what can't be written down must not be sent. A process that is told to stop tries for a while yet;
 * what it could not write is asked about by the next one.
 */
async function insist({ settings, signal, log }: RecordDeps, write: () => Promise<void>): Promise<void> {
  let spent = stopwatch();
  for (let n = 1; ; n++) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseTrouble(error) || (signal.aborted && spent() > LAST_TRIES)) throw error;
      if (n === 1) log.warn({ error }, 'what became of a hand-over can not be written down yet');
      if (signal.aborted) await sleep(Math.min(settings.pause, LAST_PAUSE));
      else {
        await sleep(settings.pause, signal);
        spent = stopwatch();
      }
    }
  }
}

/** Well below the time that a process has for its stop. */
const LAST_TRIES: Ms = 8 * SECOND;
const LAST_PAUSE: Ms = SECOND / 4;

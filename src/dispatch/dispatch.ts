import { createTurns } from '../base/turns.ts';
import type { Action, HandOver } from '../core/decision/world.ts';
import type { Fact } from '../core/delivery.ts';
import { groupBy } from '../core/group.ts';
import { inTurn } from '../core/places.ts';
import { ALONE, type Share } from '../core/roles.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import {
  type Claimed,
  claimDue,
  HELD,
  leaveLanes,
  lookAgain,
  lookAtHeld,
  park,
  type Room,
  type Waits,
  wantAnswers,
} from '../store/ledger/due.ts';
import { changeHeld } from '../store/ledger/ledger.ts';
import { smallBodies } from '../store/messages/bodies.ts';
import type { View } from '../store/rows/rows.ts';
import { createBehind } from './behind.ts';
import { PERHAPS_LARGE, type Sealed } from './copy.ts';
import { evenly } from './drain.ts';
import { claimedFact, factsFor } from './facts.ts';
import { type Group, type HandOverDeps, handOver, type Started } from './hand-over.ts';
import { keptNow } from './kept.ts';
import { createLanes, type Lanes, laneOf } from './lanes.ts';
import { type Due, decideNow, type LookDeps, lookAt, readNews } from './look.ts';
import { type Pace, paceNow } from './pace.ts';
import { createRates } from './rates.ts';
import { createRecording, type Ended, type Recording } from './record.ts';
import { skewOf } from './skew.ts';

export type DispatchDeps = Omit<LookDeps, 'behind'> &
  Omit<HandOverDeps, 'turnsFor'> & {
    /** Called when a hand-over has ended: there is room for the next. */
    onFree(): void;
    /** Called when there is something to ask of a provider. */
    onQuestion?(): void;
    /** Which of the daemons this is that divide what is due among them. */
    share?(): Share;
  };

type Deps = DispatchDeps & LookDeps & HandOverDeps & { record: Recording; rates: ReturnType<typeof createRates> };

/** So many copies for one provider at a time. A large one takes a hundred megabytes until it has left. */
const LARGE_AT_ONCE = 1;
const MIDDLE_AT_ONCE = 8;

export type Dispatcher = {
  /**
   * Looks at deliveries that are due, `limit` at most, and takes one step with each: has the provider asked, waits, ends it,
   * or begins to hand it over. Says how many it looked at. Safe to run in several processes, and to break off anywhere.
   */
  run(limit?: number): Promise<number>;
  /** Resolves when every hand-over that was begun is over and written down. */
  idle(): Promise<void>;
};

export function createDispatcher(deps: DispatchDeps): Dispatcher {
  const lanes = createLanes(deps.providers, deps.onFree);
  const newTurns = () => ({ large: createTurns(LARGE_AT_ONCE), middle: createTurns(MIDDLE_AT_ONCE) });
  const turns = new Map(deps.providers.all.map(({ name }) => [name, newTurns()]));
  const turnsFor = (provider: string) => turns.get(provider) ?? newTurns();
  const all = {
    ...deps,
    behind: createBehind(deps),
    turnsFor,
    record: createRecording(deps),
    rates: createRates(deps.store, deps.settings.rates),
  };
  let isFirst = true;
  return {
    async run(limit = 100) {
      if (isFirst) await begin(deps, lanes);
      isFirst = false;
      return runOnce(all, lanes, limit);
    },
    idle: lanes.idle,
  };
}

/** What waits for what may be over by now: lanes of providers that are not here any more, and what ended unseen. */
async function begin({ store, now }: DispatchDeps, lanes: Lanes): Promise<void> {
  await leaveLanes(store, lanes.names);
  await lookAtHeld(store, now());
}

async function runOnce(deps: Deps, lanes: Lanes, limit: number): Promise<number> {
  const { store, settings } = deps;
  const now = deps.now();
  const pace = await paceNow(store, await deps.rates(now), now);
  const rooms = lanes.rooms(limit, pace);
  const { lease, claimed } = await claimDue(store, rooms, {
    ...{ now, lease: settings.lease },
    share: deps.share?.() ?? ALONE,
  });
  if (claimed.length === 0) return 0;
  const { views, unread } = await readNews(
    deps,
    claimed.map((c) => c.id),
  );
  if (unread.length > 0) await lookAgain(store, lease, unread, now + settings.pause);
  const due = inOrderOf(claimed, await lookAt(deps, views, claimed, now));
  const doing = <K extends Action['do']>(what: K) =>
    due.flatMap((d) => (d.action.do === what ? [{ ...d, action: d.action as Extract<Action, { do: K }> }] : []));
  const questions = doing('ask').map(({ view, action: { at, by, unsuppress } }) => ({
    id: view.id,
    at,
    by,
    unsuppress,
  }));
  await wantAnswers(store, lease, questions);
  if (questions.length > 0) deps.onQuestion?.();
  await waitFor(deps, lease, doing('wait'), now);
  const silent = [...doing('presumeUnanswered'), ...doing('presumeUnasked')];
  await writeDown(deps, [...doing('hold'), ...doing('end'), ...silent], lease);
  const going = await evenly(deps, { lease, claimed, now }, doing('handOver'));
  await start(deps, { lanes, rooms, pace }, going, lease);
  return claimed.length;
}

function inOrderOf(claimed: readonly Claimed[], due: readonly Due[]): Due[] {
  const dueOf = new Map(due.map((d) => [d.view.id, d]));
  return claimed.flatMap(({ id }) => dueOf.get(id) ?? []);
}

type Waiting = Due & { action: Extract<Action, { do: 'wait' }> };

async function waitFor(deps: Deps, lease: string, due: readonly Waiting[], now: Ms): Promise<void> {
  const { store } = deps;
  const idsOf = (waiting: readonly Waiting[]) => waiting.map(({ view }) => view.id);
  const held = due.filter(({ action }) => action.isHeld);
  const until = held.map(({ view, action }) => ({ id: view.id, at: action.until }));
  await park(store, lease, HELD, until);
  if (held.length > 0 && (await isReleased(deps, held))) await lookAtHeld(store, now);
  const others = due.filter(({ action }) => !action.isHeld);
  await lookAgain(store, lease, idsOf(others), Math.min(...others.map(({ action }) => action.until)));
}

/** Holds, ends and presumed deaths: decided again under lock, as news may have come in since. */
async function writeDown(deps: DispatchDeps, due: readonly Due[], lease: string): Promise<void> {
  const now = deps.now();
  const dueOf = new Map(due.map((d) => [d.view.id, d]));
  const decideAgain = (view: View): Fact[] => {
    const d = dueOf.get(view.id);
    return d && view.delivery.nextAt !== null ? factsFor(view, decideNow(view, d, now), now) : [];
  };
  await changeHeld(deps.store, { ids: [...dueOf.keys()], lease }, now, decideAgain);
}

/** Whether something ended that kept mail back, while that mail was looked at. */
async function isReleased(deps: Deps, held: readonly Waiting[]): Promise<boolean> {
  const domains = held.map(({ view }) => view.domain);
  const keptFrom = await keptNow(deps, domains, deps.now());
  return held.some(({ view, circumstances }) => {
    const still = new Set(keptFrom(view).map(({ id }) => id));
    return circumstances.held?.some(({ id }) => !still.has(id));
  });
}

type ToSend = Due & { action: HandOver };

type Ways = { lanes: Lanes; rooms: readonly Room[]; pace: Pace };

/** Claims what there is room for, in one commit, and begins to hand it over; the rest waits in its lane. */
async function start(deps: Deps, { lanes, rooms, pace }: Ways, due: readonly ToSend[], lease: string): Promise<void> {
  const now = deps.now();
  /** The lane of each group that has a place there. */
  const taken = new Map<string, string>();
  const going: ToSend[] = [];
  const waiting: (Waits & { lane: string })[] = [];
  for (const { group, lane, same } of groupsInTurn(deps, rooms, due)) {
    const isFree = lanes.free(lane) > 0;
    const may = new Set(same.filter((d) => isFree && pace.take(d.action.provider, d.view.class)));
    if (may.size > 0 && lanes.take(lane)) taken.set(group, lane);
    going.push(...may);
    waiting.push(
      ...same.filter((d) => !may.has(d)).map(({ view }) => ({ lane, id: view.id, at: view.delivery.nextAt ?? now })),
    );
  }
  try {
    for (const [lane, same] of groupBy(waiting, (w) => w.lane)) await park(deps.store, lease, lane, same);
    await pace.spend(deps.now());
    const claimed = await claim(deps, going, lease);
    for (const [name, group] of groupBy(claimed, (started) => groupOf(deps, started))) {
      const lane = taken.get(name) ?? '';
      taken.delete(name);
      lanes.begin(lane, () => perform(deps, group));
    }
  } finally {
    for (const lane of taken.values()) lanes.leave(lane);
  }
}

type Leaving = { group: string; lane: string; same: readonly [ToSend, ...ToSend[]] };

/** What leaves in one call each, in the order in which it gets the places of its lane. */
function groupsInTurn(deps: Deps, rooms: readonly Room[], due: readonly ToSend[]): Leaving[] {
  const groups = [...groupBy(due, (d) => groupOf(deps, d))].map(([group, same]) => ({
    ...{ group, same },
    lane: laneOf(same[0].action, same[0]),
  }));
  return [...groupBy(groups, ({ lane }) => lane)].flatMap(([lane, leaving]) =>
    inTurn(leaving, ({ same }) => same[0].view.class, rooms.find((room) => room.lane === lane)?.turn ?? 0),
  );
}

/** The name of what leaves in one call: the first sends of one message, where its provider takes them so. */
function groupOf({ providers }: Deps, { view, action }: Pick<ToSend, 'view' | 'action'>): string {
  const isOne = action.role !== 'first' || !providers.named(action.provider)?.handOverToAll;
  return isOne ? view.id : `${action.provider} ${view.messageId}`;
}

/** Decides again under lock and writes the claim; only what was claimed under our lease may be handed over. */
async function claim(deps: DispatchDeps, due: readonly ToSend[], lease: string): Promise<Started[]> {
  if (due.length === 0) return [];
  const now = deps.now();
  const claimedAt = deps.monotonic();
  const dueOf = new Map(due.map((d) => [d.view.id, d]));
  const actions = new Map<string, HandOver>();
  const decideAgain = (view: View): Fact[] => {
    const d = dueOf.get(view.id);
    if (!d || view.delivery.nextAt === null) return [];
    const action = decideNow(view, d, now);
    // By another way there may be no room.
    if (action.do !== 'handOver' || laneOf(action, d) !== laneOf(d.action, d) || action.role !== d.action.role)
      return [];
    actions.set(view.id, action);
    return [claimedFact(view, action, { lease, leaseFor: deps.settings.lease + skewOf(deps.slowBy).slow, now })];
  };
  const sealedOf = await copiesFor(deps.store, due);
  const views = await changeHeld(deps.store, { ids: [...dueOf.keys()], lease }, now, decideAgain);
  return views.flatMap((view) => {
    const action = actions.get(view.id);
    const isMine = view.delivery.attempts.at(-1)?.claim.lease === lease && view.delivery.state === 'sending';
    return action && isMine ? [{ view, action, claimedAt, sealed: sealedOf(view) }] : [];
  });
}

/** Our copies of what is to be sent, all small ones in one statement. */
async function copiesFor(store: Store, due: readonly ToSend[]): Promise<(view: View) => Sealed> {
  const own = due.filter((d) => d.action.way !== 'stored' && d.circumstances.hasBody);
  const kept = new Set(own.map((d) => d.view.messageId));
  const small = await smallBodies(store, [...kept], PERHAPS_LARGE);
  return ({ messageId }) => small.get(messageId) ?? (kept.has(messageId) ? 'unread' : null);
}

async function perform({ record, ...deps }: Deps, group: Group): Promise<void> {
  const write = async (ended: Ended) => {
    const { id: delivery, delivery: d } = ended.view;
    const about = { delivery, attempt: d.attempt, provider: d.provider, outcome: ended.fact.kind };
    await record(ended).catch((error: unknown) =>
      deps.log.error({ ...about, error }, 'what became of a hand-over could not be written down'),
    );
  };
  await Promise.all((await handOver(deps, group)).map(write));
}

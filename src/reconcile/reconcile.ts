import pLimit from 'p-limit';
import { gather } from '../base/gather.ts';
import { handle } from '../base/ids.ts';
import { sleep } from '../base/wait.ts';
import type { Action } from '../core/decide.ts';
import type { Fact, Outcome } from '../core/delivery.ts';
import type { Settings } from '../core/settings.ts';
import type { Ms } from '../core/time.ts';
import { timeWords } from '../core/words/numbers.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { addHandles, caughtUp } from '../store/inbox.ts';
import { claimDue } from '../store/ledger/due.ts';
import { change } from '../store/ledger/ledger.ts';
import { endedFact } from '../store/messages/messages.ts';
import { load, type View } from '../store/rows/rows.ts';
import { type AskDeps, ask } from './ask.ts';
import { barredNow, type Due, decideNow, lookAt } from './circumstances.ts';
import { type HandOver, type HandOverDeps, handOver } from './hand-over.ts';
import { warnHopeless } from './hopeless.ts';
import { clearBounce, type UnsuppressDeps } from './unsuppress.ts';

export type ReconcileDeps = AskDeps &
  HandOverDeps &
  UnsuppressDeps & {
    settings: Settings;
    hasSecondary: boolean;
    /** Hand-overs and questions under way at once. */
    concurrency: number;
  };

/**
 * Looks at deliveries that are due, `limit` at most, and takes one step with each: asks the provider, waits, hands over,
 * or ends it. Says how many it looked at. Safe to run in several processes, and to break off anywhere.
 */
export async function reconcileDue(deps: ReconcileDeps, limit = 100): Promise<number> {
  const { store, settings } = deps;
  const now = deps.now();
  const { lease, ids } = await claimDue(store, now, limit, settings.lease);
  if (ids.length === 0) return 0;
  const claimedAt = deps.monotonic();
  const looked = await lookAt(deps, [...(await load(store.db, ids)).values()], now);
  const due = await warnHopeless(deps, looked, now);
  const asks = due.filter((d) => d.action.do === 'ask');
  const sends = due.filter((d) => d.action.do === 'handOver');
  const rest = due.filter((d) => d.action.do !== 'ask' && d.action.do !== 'handOver');
  await writeDown(deps, rest, lease);
  await askAll(deps, asks, lease);
  await handOverAll(deps, sends, lease, claimedAt);
  return ids.length;
}

/** Holds, ends and presumed deaths: decided again under lock, as news may have come in since. */
async function writeDown(deps: ReconcileDeps, due: readonly Due[], lease: string): Promise<void> {
  const now = deps.now();
  const of = new Map(due.map((d) => [d.view.id, d]));
  const decideAgain = (view: View): Fact[] => {
    const d = of.get(view.id);
    if (!d || view.delivery.nextAt === null) return [];
    return [...warned(view, d, now), ...factsFor(view, decideNow(view, d, now), now)];
  };
  await change(deps.store, [...of.keys()], now, decideAgain, lease);
}

function factsFor(view: View, action: Action, now: Ms): Fact[] {
  const { attempt } = view.delivery;
  switch (action.do) {
    case 'presumeUnanswered': {
      const detail = 'the process that was handing it over ended or lost its lease';
      return [{ key: `unanswered:${attempt}`, at: now, kind: 'unanswered', attempt, detail, via: null }];
    }
    case 'hold':
      return [held(view, action.about, action.until, action.why, now)];
    case 'end':
      return [...whySuppressed(view, action.reason, now), endedFact(view, action.state, action.reason, now)];
    case 'ask':
    case 'handOver':
      return []; // the delivery changed under our hands: it stays due and is looked at again
  }
}

function whySuppressed(view: View, reason: string, now: Ms): Fact[] {
  if (reason !== 'suppressed' || view.suppressed === null) return [];
  const { cause, created_at } = view.suppressed;
  return [noted(view, `its address is on our suppression list (${cause}) since ${timeWords(created_at)}`, now)];
}

function held(view: View, about: Outcome, until: Ms, why: string, now: Ms): Fact {
  const { attempt } = view.delivery;
  return { key: `held:${attempt}:${now}`, at: now, kind: 'held', attempt, about, until, why };
}

/** Asks about each, several at a time; the answers go to the inbox, and that we asked is a fact. */
async function askAll(deps: ReconcileDeps, due: readonly Due[], lease: string): Promise<void> {
  const record = gather<{ view: View; fact: Fact }>((items) => changeEach(deps, items, lease), 200);
  const limit = pLimit(deps.concurrency);
  const all = due.map(({ view, action }) =>
    limit(async () => {
      const about = action.do === 'ask' ? action.about : 'sending';
      const { known, problem } = await ask(deps, view);
      const now = deps.now();
      const { attempt } = view.delivery;
      const last = view.delivery.attempts.at(-1);
      const settled = now >= (last?.unanswered?.at ?? now) + deps.settings.eventsSettle;
      await record({
        view,
        fact: { key: `asked:${attempt}:${now}`, at: now, kind: 'asked', attempt, about, settled, known, problem },
      });
    }),
  );
  await Promise.all(all);
}

async function changeEach(
  deps: ReconcileDeps,
  items: readonly { view: View; fact: Fact }[],
  lease?: string,
): Promise<void> {
  const factOf = new Map(items.map((i) => [i.view.id, i.fact]));
  await change(
    deps.store,
    [...factOf.keys()],
    deps.now(),
    (view) => {
      const fact = factOf.get(view.id);
      return fact ? [fact] : [];
    },
    lease,
  );
}

/** Claims the hand-overs in one commit, then performs them, several at a time. */
async function handOverAll(deps: ReconcileDeps, due: readonly Due[], lease: string, claimedAt: Ms): Promise<void> {
  if (due.length === 0) return;
  if (!(await understood(deps, deps.now()))) return giveBack(deps, due, lease);
  const cleared = await clearBounces(deps, due, lease);
  // That asked Mailgun, and took its time.
  if (!(await understood(deps, deps.now()))) return giveBack(deps, cleared, lease);
  const claimed = await claim(deps, cleared, lease);
  const limit = pLimit(deps.concurrency);
  const record = gather<{ view: View; fact: Fact }>((items) => changeEach(deps, items), 200);
  await Promise.all(
    claimed.map(({ view, action }) =>
      limit(async () => {
        const fact = await handOver(deps, view, action, claimedAt);
        await insist(deps, async () => {
          if (fact.kind === 'accepted' && fact.messageId) await rememberReply(deps, view, fact.messageId);
          await record({ view, fact });
        });
        deps.log.info(
          { delivery: view.id, attempt: view.delivery.attempt, route: action.route, outcome: fact.kind },
          'handed over',
        );
      }),
    ),
  );
}

const LOOKS = 20;
const LOOK_AGAIN: Ms = 50;

/**
 * Events that have come in by now are news that a decision has to wait for. Those that come while it waits are not: where
 * they come without a pause there are always some.
 */
async function understood(deps: ReconcileDeps, by: Ms): Promise<boolean> {
  for (let n = 1; ; n++) {
    if (await caughtUp(deps.store, by)) return true;
    if (n >= LOOKS || deps.signal.aborted) return false;
    await sleep(LOOK_AGAIN, deps.signal);
  }
}

/**
 * What became of a hand-over is known to this process alone. While the database is away it is kept here, and its place is
 * not free for another: what can't be written down must not be sent.
 */
async function insist(deps: ReconcileDeps, write: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (deps.signal.aborted || !isDatabaseTrouble(error)) throw error;
      await sleep(deps.settings.pause, deps.signal);
    }
  }
}

/** What was done for a hand-over that does not happen now is noted all the same. */
async function giveBack(deps: ReconcileDeps, due: readonly Due[], lease: string): Promise<void> {
  const noteOf = new Map(due.map((d) => [d.view.id, d.note]));
  const now = deps.now();
  const decide = (view: View): Fact[] => {
    const note = noteOf.get(view.id);
    return note === undefined ? [] : [noted(view, note, now)];
  };
  await change(deps.store, [...noteOf.keys()], now, decide, lease);
}

const rememberReply = (deps: ReconcileDeps, view: View, messageId: string): Promise<void> =>
  addHandles(deps.store, [{ hash: handle('reply', view.domain, messageId), message_id: view.messageId }]);

/** Takes addresses off the provider's bounce list where that is needed; what can't go out now is held. */
async function clearBounces(deps: ReconcileDeps, due: readonly Due[], lease: string): Promise<Due[]> {
  const limit = pLimit(deps.concurrency);
  const results = await Promise.all(
    due.map((d) =>
      limit(async () => {
        const wanted = d.action.do === 'handOver' && d.action.unsuppress;
        return { due: d, cleared: wanted ? await clearBounce(deps, d.view) : null };
      }),
    ),
  );
  const now = deps.now();
  const go: Due[] = [];
  const barred: Due[] = [];
  const waits: { view: View; fact: Fact }[] = [];
  for (const { due: d, cleared } of results) {
    if (cleared?.kind === 'unknown')
      waits.push({ view: d.view, fact: held(d.view, 'failed', now + deps.settings.pause, cleared.why, now) });
    else if (cleared?.kind === 'barred') barred.push({ ...d, ...barredNow(d, now), note: cleared.what });
    else if (cleared?.kind === 'removed') go.push({ ...d, note: cleared.what });
    else go.push(d);
  }
  if (waits.length > 0) await changeEach(deps, waits, lease);
  const ends = barred.filter((d) => d.action.do !== 'handOver');
  if (ends.length > 0) await writeDown(deps, ends, lease);
  return [...go, ...barred.filter((d) => d.action.do === 'handOver')];
}

function noted(view: View, what: string, now: Ms): Fact {
  const { attempt } = view.delivery;
  return { key: `noted:${attempt}:${now}`, at: now, kind: 'noted', attempt, what };
}

/** Once for each attempt; news that came in since may have put it past the failure that it is about. */
function warned(view: View, { view: then, warning }: Due, now: Ms): Fact[] {
  const { attempt, state } = view.delivery;
  if (warning === undefined || attempt !== then.delivery.attempt || state !== then.delivery.state) return [];
  return [{ key: `noted:${attempt}:hopeless`, at: now, kind: 'noted', attempt, what: warning }];
}

/** Decides again under lock and writes the claim; only what was claimed under our lease may be handed over. */
async function claim(
  deps: ReconcileDeps,
  due: readonly Due[],
  lease: string,
): Promise<{ view: View; action: HandOver }[]> {
  const now = deps.now();
  const of = new Map(due.map((d) => [d.view.id, d]));
  const actions = new Map<string, HandOver>();
  const views = await change(
    deps.store,
    [...of.keys()],
    now,
    (view) => {
      const d = of.get(view.id);
      if (!d || view.delivery.nextAt === null) return [];
      const action = decideNow(view, d, now);
      if (action.do !== 'handOver') return [];
      actions.set(view.id, action);
      const notes = d.note === undefined ? [] : [noted(view, d.note, now)];
      return [...warned(view, d, now), ...notes, claimedFact(view, action, lease, now, deps.settings.lease)];
    },
    lease,
  );
  return views.flatMap((view) => {
    const action = actions.get(view.id);
    const mine = view.delivery.attempts.at(-1)?.claim.lease === lease && view.delivery.state === 'sending';
    return action && mine ? [{ view, action }] : [];
  });
}

function claimedFact(view: View, action: HandOver, lease: string, now: Ms, leaseFor: Ms): Fact {
  const attempt = view.delivery.attempt + 1;
  const last = view.delivery.attempts.at(-1);
  return {
    key: `claimed:${attempt}`,
    at: now,
    kind: 'claimed',
    attempt,
    provider: action.route === 'secondary' ? 'secondary' : 'mailgun',
    route: action.route,
    leaseUntil: now + leaseFor,
    lease,
    since: last?.failure?.at ?? null,
    deliverAt: action.deliverAt,
    double: action.double,
  };
}

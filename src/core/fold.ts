import type { Attempt, Birth, Delivery, Fact, FactKind, FactOf, Outcome, State, StoredCopy } from './delivery.ts';
import { groupBy } from './group.ts';
import { type Reason, refusedFor } from './reason.ts';
import { restoredAt } from './restored.ts';
import type { Report } from './sighting.ts';
import { HOUR, type Ms } from './time.ts';

const ARRIVAL: ReadonlySet<Report> = new Set(['delivered', 'expanded', 'unsubscribed', 'complained']);
/** Security gateways open a mail and follow its links before they refuse it. */
const SEEN: ReadonlySet<Report> = new Set(['opened', 'clicked']);
const FAILURE: ReadonlySet<Report> = new Set(['failed', 'rejected']);

export const provesArrival = (report: Report): boolean => ARRIVAL.has(report);
const isFailure = (report: Report): boolean => FAILURE.has(report);

/** What proves that an attempt arrived, of all that was reported of it. To be seen is proof where no failure was told. */
export function proofsOf<R extends { report: Report }>(reports: readonly R[]): R[] {
  const failed = reports.some((r) => isFailure(r.report));
  return reports.filter(({ report }) => provesArrival(report) || (!failed && SEEN.has(report)));
}

/**
 * The state of a delivery, from everything known about it, in whatever order and however often we came to know it.
 *
 * Nothing here is a step from state to state: facts are first gathered by attempt, each attempt is judged by itself, and
 * the latest attempt (or proof of arrival on any) says where the delivery stands. So order can't matter.
 */
export function fold(birth: Birth, told: readonly Fact[]): Delivery {
  const facts = distinct(told);
  const attempts = gather(facts);
  const last = attempts.at(-1) ?? null;
  const round = of(facts, 'reopened').length;
  const reopened = lastOf(of(facts, 'reopened').filter((f) => !f.anew));
  const arrivedOn = attempts.filter((a) => a.outcome === 'arrived').map((a) => a.number);
  const delivery: Delivery = {
    state: 'queued',
    reason: null,
    said: null,
    nextAt: birth.createdAt,
    attempt: last?.number ?? 0,
    provider: last?.claim.provider ?? null,
    attempts,
    tries: attempts.filter((a) => a.claim.role !== 'fallback' && wasTaken(a)).length,
    fallbackTries: attempts.filter((a) => a.claim.role === 'fallback' && wasTaken(a)).length,
    budget: birth.policy.maxAttempts + (reopened?.tries ?? 0),
    usefulUntil: Math.max(birth.createdAt, birth.deliverAt ?? 0, reopened?.at ?? 0) + birth.policy.usefulLife,
    deliverAt: birth.deliverAt,
    round,
    reopened: reopened && reopened.attempt === (last?.number ?? 0) ? reopened : null,
    restoredAt: restoredAt(facts),
    storages: storagesIn(facts),
    arrivedOn,
  };
  // An operator had it sent again although it had arrived: arrivals up to that attempt no longer count.
  const disregarded = Math.max(0, ...of(facts, 'reopened').map((f) => (f.again ? f.attempt : 0)));
  if (arrivedOn.some((n) => n > disregarded)) return { ...delivery, state: 'delivered', nextAt: null };
  const end = of(facts, 'ended').find((f) => f.round === round);
  return { ...delivery, said: end?.said ?? null, ...standing(birth, delivery, last, end ?? null) };
}

const lastOf = (reopenings: readonly FactOf<'reopened'>[]): FactOf<'reopened'> | null =>
  reopenings.reduce<FactOf<'reopened'> | null>((last, f) => (last && last.round > f.round ? last : f), null);

type Standing = { state: State; reason: Reason | null; nextAt: Ms | null };

function standing(birth: Birth, d: Delivery, last: Attempt | null, end: FactOf<'ended'> | null): Standing {
  if (end) return { state: end.state, reason: end.reason, nextAt: null };
  if (!last) return { state: 'queued', reason: null, nextAt: d.reopened?.at ?? birth.createdAt };
  if (d.reopened) return { state: 'queued', reason: 'reopened', nextAt: last.held?.until ?? d.reopened.at };
  return standingOf(last, d, birth.policy.silenceAfter);
}

/** Where a delivery stands whose latest attempt is this one. */
function standingOf(last: Attempt, d: Delivery, silenceAfter: Ms): Standing {
  const { claim, held } = last;
  const kept = Math.max(claim.deliverAt ?? 0, d.deliverAt ?? 0);
  const lastNews = Math.max(kept, last.answer?.at ?? claim.at, ...last.reports.map((r) => r.at));
  const silentAt = Math.min(lastNews + silenceAfter, Math.max(d.usefulUntil, kept));
  switch (last.outcome) {
    case 'sending':
      return { state: 'sending', reason: null, nextAt: claim.leaseUntil };
    case 'unconfirmed':
      return { state: 'unconfirmed', reason: 'unanswered', nextAt: held?.until ?? last.unanswered?.at ?? claim.at };
    case 'accepted':
      if (isUntracked(last))
        return { state: 'relayed', reason: returnsFailures(last) ? 'nothing_returned' : null, nextAt: null };
      return { state: 'accepted', reason: null, nextAt: held?.until ?? silentAt };
    case 'deferred':
      // Whoever tells of delays, and of no arrival, would be asked in vain; what does not arrive it will tell.
      if (isUntracked(last)) return { state: 'relayed', reason: causeOf(last) ?? 'nothing_returned', nextAt: null };
      return { state: 'deferred', reason: causeOf(last), nextAt: held?.until ?? silentAt };
    case 'refused':
      return { state: 'queued', reason: refusalOf(last), nextAt: held?.until ?? last.answer?.at ?? claim.at };
    case 'failed':
      if (last.failure?.plan === 'stop') return { state: 'failed', reason: causeOf(last), nextAt: null };
      // Due at once. The time is taken from the claim, which is by our clock: the provider's may be ahead.
      return { state: 'queued', reason: causeOf(last), nextAt: held?.until ?? claim.at };
    case 'arrived':
      return { state: 'delivered', reason: null, nextAt: null };
  }
}

/** Whether nothing more will be told if it arrives: only what comes back to a server's return path names its attempt. */
const isUntracked = ({ answer, reports }: Attempt): boolean =>
  answer?.kind === 'accepted' ? !answer.tracked : reports.some((r) => r.of !== undefined);

const returnsFailures = ({ answer }: Attempt): boolean => answer?.kind !== 'accepted' || answer.returns === true;

const causeOf = (a: Attempt): Reason | null =>
  (a.failure ?? a.reports.findLast((r) => r.report === 'deferred'))?.verdict?.cause ?? null;
const refusalOf = (a: Attempt): Reason | null => (a.answer?.kind === 'refused' ? refusedFor(a.answer.why) : null);

/**
 * Whether the attempt counts as a try. It does not when the provider was busy, or refused for a reason that is not
 * about the mail.
 */
function wasTaken(a: Attempt): boolean {
  if (a.answer?.kind !== 'refused') return true;
  return !['busy', 'account', 'gone', 'storage_refused', 'withdrawn', 'unscheduled', 'unreadable'].includes(
    a.answer.why,
  );
}

function distinct(told: readonly Fact[]): Fact[] {
  const byKey = new Map<string, Fact>();
  const inOrder = [...told].sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  for (const fact of inOrder) if (!byKey.has(fact.key)) byKey.set(fact.key, fact);
  return [...byKey.values()];
}

const of = <K extends FactKind>(facts: readonly Fact[], kind: K): FactOf<K>[] =>
  facts.filter((f): f is FactOf<K> => f.kind === kind);

function gather(facts: readonly Fact[]): Attempt[] {
  const claims = of(facts, 'claimed').sort((a, b) => a.attempt - b.attempt);
  const reports = attribute(claims, facts);
  const factsOf = new Map<number, Fact[]>(claims.map((c) => [c.attempt, []]));
  for (const fact of facts) if ('attempt' in fact) factsOf.get(fact.attempt)?.push(fact);
  return claims.map((claim) => attemptFrom(claim, factsOf.get(claim.attempt) ?? [], reports.get(claim.attempt) ?? []));
}

function attemptFrom(claim: FactOf<'claimed'>, mine: readonly Fact[], reports: FactOf<'reported'>[]): Attempt {
  // If there is an acceptance it counts: it may be a late answer, after a refusal that we had assumed.
  const answer = of(mine, 'accepted')[0] ?? of(mine, 'refused')[0] ?? null;
  const unanswered = of(mine, 'unanswered')[0] ?? null;
  const failure = reports.findLast((r) => isFailure(r.report)) ?? null;
  const outcome = outcomeOf({ answer, unanswered, reports, failure });
  // Questions and holds from before a reopening no longer count.
  const openedAt = of(mine, 'reopened').at(-1)?.at ?? 0;
  const isNow = (f: { about: Outcome; at: Ms }): boolean => f.about === outcome && f.at >= openedAt;
  // Nor do answers from before a backup was restored: what was answered then is not all that has happened.
  const restored = restoredAt(mine) ?? 0;
  const asked = of(mine, 'asked').filter((f) => isNow(f) && f.at >= restored);
  return {
    number: claim.attempt,
    claim,
    answer,
    unanswered,
    reports,
    failure,
    outcome,
    asked: asked.at(-1) ?? null,
    held: of(mine, 'held').findLast(isNow) ?? null,
    unheardFrom: unheardFrom(asked),
  };
}

/** Nobody asked in a longer pause than that, so it does not count as time in which there was no answer. */
const NOT_ASKED: Ms = 3 * HOUR;

function unheardFrom(asked: readonly FactOf<'asked'>[]): Ms | null {
  let from: Ms | null = null;
  for (const { at, problem } of asked.toReversed()) {
    if (problem === null || (from !== null && from - at > NOT_ASKED)) break;
    from = at;
  }
  return from;
}

function outcomeOf(a: Pick<Attempt, 'answer' | 'unanswered' | 'reports' | 'failure'>): Outcome {
  if (proofsOf(a.reports).length > 0) return 'arrived';
  if (a.failure) return 'failed';
  if (a.reports.some((r) => r.report === 'deferred')) return 'deferred';
  if (a.answer?.kind === 'accepted' || a.reports.some((r) => r.report === 'accepted')) return 'accepted';
  if (a.answer) return 'refused';
  return a.unanswered ? 'unconfirmed' : 'sending';
}

/** An attempt that a report may be about, and when it began. */
type Candidate = { attempt: number; began: Ms };

/** Finds the attempt that each report is about. A provider reports only on its own attempts. */
function attribute(claims: readonly FactOf<'claimed'>[], facts: readonly Fact[]): Map<number, FactOf<'reported'>[]> {
  const about: { attempt: number; report: FactOf<'reported'> }[] = [];
  const idOf = new Map(of(facts, 'accepted').map((f) => [f.attempt, f.messageId]));
  const reports = of(facts, 'reported');
  for (const provider of new Set(reports.map((r) => r.provider))) {
    const own = claims.filter((c) => c.provider === provider);
    const pool = candidates(own, facts);
    const isNamed = (r: FactOf<'reported'>) => own.some((c) => c.attempt === r.of);
    for (const report of reports.filter((r) => r.provider === provider)) {
      const attempt = isNamed(report) ? (report.of ?? null) : attemptOf(report, pool, idOf);
      if (attempt !== null) about.push({ attempt, report });
    }
  }
  const byAttempt = groupBy(about, ({ attempt }) => attempt);
  return new Map([...byAttempt].map(([attempt, each]) => [attempt, each.map(({ report }) => report)]));
}

/**
 * The attempts that a provider may speak of. Those that it refused, or never had by its own settled records, are left out
 * while there is another. An attempt begins with the failure that led to it, which is on the provider's clock as its
 * reports are, so that ours need not agree with it.
 */
function candidates(claims: readonly FactOf<'claimed'>[], facts: readonly Fact[]): Candidate[] {
  const taken = new Set(of(facts, 'accepted').map((f) => f.attempt));
  const lookedUp = of(facts, 'asked').filter((f) => f.about === 'unconfirmed' && f.settled && f.problem === null);
  const missed = [...of(facts, 'refused'), ...lookedUp.filter((f) => !f.known)].map((f) => f.attempt);
  const neverThere = new Set(missed.filter((n) => !taken.has(n)));
  const there: Candidate[] = [];
  const all: Candidate[] = [];
  let since: Ms | null = null;
  for (const c of claims) {
    since = c.since ?? since;
    const candidate = { attempt: c.attempt, began: since ?? c.at - 1 };
    all.push(candidate);
    if (neverThere.has(c.attempt)) continue;
    there.push(candidate);
    since = null;
  }
  return there.length > 0 ? there : all;
}

/**
 * Which attempt a report is about. Mailgun may keep or change the message id on a re-post, and our own variable is the
 * same on all attempts, so: the attempts that may bear the report's id, and of these the latest that began before it.
 */
function attemptOf(
  report: FactOf<'reported'>,
  pool: readonly Candidate[],
  idOf: ReadonlyMap<number, string | null>,
): number | null {
  const bearing = pool.filter((c) => {
    const id = idOf.get(c.attempt) ?? null;
    return id === null || report.messageId === null || id === report.messageId;
  });
  const among = bearing.length > 0 ? bearing : pool;
  return (among.findLast((c) => c.began < report.at) ?? among[0])?.attempt ?? null;
}

function storagesIn(facts: readonly Fact[]): StoredCopy[] {
  const byUrl = new Map<string, StoredCopy>();
  for (const { storage, provider } of of(facts, 'reported'))
    if (storage && !byUrl.has(storage.url)) byUrl.set(storage.url, { ...storage, provider });
  return [...byUrl.values()];
}

/**
 * The report that shows that the provider sent an attempt before the time it was given, or null. The delivery time has
 * whole seconds, and clocks differ a little: a tenth of the wait, and 1.5 s at least, is allowed.
 */
export function sentEarly(a: Attempt): FactOf<'reported'> | null {
  const { deliverAt, at } = a.claim;
  if (deliverAt === null) return null;
  const allowed = Math.max(1500, (deliverAt - at) / 10);
  const wasOut = (r: FactOf<'reported'>) => r.report !== 'accepted' && r.report !== 'other';
  return a.reports.find((r) => wasOut(r) && r.at < deliverAt - allowed) ?? null;
}

/** The order in which people are shown facts of the same moment. */
const RANK: Partial<Record<FactKind, number>> = {
  claimed: 0,
  accepted: 1,
  refused: 1,
  unanswered: 1,
  reported: 2,
  ended: 9,
};

/** Facts in the order in which they are told. */
export const inTime = (facts: readonly Fact[]): Fact[] =>
  [...facts].sort((a, b) => a.at - b.at || (RANK[a.kind] ?? 5) - (RANK[b.kind] ?? 5) || (a.key < b.key ? -1 : 1));

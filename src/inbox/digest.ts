import type { Heap } from '../base/heap.ts';
import type { Log } from '../base/log.ts';
import type { Delivery, Fact } from '../core/delivery.ts';
import { sentEarly } from '../core/fold.ts';
import { groupBy } from '../core/group.ts';
import { planFor } from '../core/plan.ts';
import { unseenFacts } from '../core/restored.ts';
import type { Settings } from '../core/settings.ts';
import type { Bounce, Sighting } from '../core/sighting.ts';
import { suppressionFor } from '../core/suppression.ts';
import type { Clock, Ms } from '../core/time.ts';
import { isOfTrial } from '../core/trial.ts';
import { OPERATORS_CONFIDENCE, type Verdict } from '../core/verdict.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { chunks, transact } from '../store/db/transact.ts';
import { forgetMentions } from '../store/erased.ts';
import {
  type EventRow,
  holdsEvent,
  type InboxRow,
  type Settled,
  settle,
  takePending,
  writeDone,
} from '../store/inbox/inbox.ts';
import { addHandlesIn, handlesIn, type Match, match } from '../store/inbox/match.ts';
import { failed, type WorkOptions, workOff } from '../store/inbox/work-off.ts';
import { changeIn } from '../store/ledger/ledger.ts';
import { switchToLocal } from '../store/messages/domains.ts';
import type { ReceiverSign } from '../store/notes/receivers.ts';
import { recipientKey, type View } from '../store/rows/rows.ts';
import { aliveAmong, type IsAlive, judgedAlive } from './alive.ts';
import { fewNotes, memberFacts } from './member.ts';
import { fileNotice, type Notice } from './notices.ts';
import { receiverSignsIn } from './receivers.ts';
import { fileUnknown, ON_ITS_WAY } from './unknown.ts';

export type DigestDeps = {
  store: Store;
  settings: Pick<Settings, 'adopt' | 'adoptAfter' | 'pause' | 'policies' | 'lease' | 'rules' | 'schedule'>;
  /** What a kept row says; null when it is no event at all. */
  read(row: InboxRow): Sighting | null;
  /** What a kept row says of its provider. */
  notice?(row: EventRow): Notice | null;
  judge(bounce: Bounce, sighting: Sighting): Verdict;
  /** Whether what this provider posts may be changed by whoever has one of its signatures, and it can be asked about it. */
  isOpenToForgery?(provider: string): boolean;
  /** Takes what receivers did, which is written now and then. */
  receiverSigns?: Pick<Heap<ReceiverSign>, 'add'>;
  now: Clock;
  log: Log;
};

/** An event as it reads. */
type Reading = { row: EventRow; sighting: Sighting };

type Known = Reading & { match: Extract<Match, { kind: 'deliveries' }> };

/**
 * Turns events into facts, `limit` at most, those that are about somebody first when that is asked for; says how many it
 * settled. Doing it twice comes to the same.
 */
export async function digest(deps: DigestDeps, limit = 200, about?: readonly string[]): Promise<number> {
  const { store, settings } = deps;
  const which = about ? { about } : 'events';
  const rows = await takePending(store, which, { now: deps.now(), limit, lease: settings.lease });
  const [first] = rows;
  if (!first) return 0;
  const results = await digestRows(deps, rows.filter(holdsEvent));
  const over = new Set(results.filter(({ outcome }) => !OPEN.has(outcome)).map(({ id }) => id));
  const understood = rows.filter(({ id }) => over.has(id));
  await forgetMentions(store, understood, deps.now() - ON_ITS_WAY);
  await settle(store, first.lease, results);
  // After a full batch there may be more, even if all that it held has to wait.
  return rows.length === limit ? limit : results.filter((r) => r.outcome !== 'waiting').length;
}

/** What is looked at again. */
const OPEN: ReadonlySet<string> = new Set<Settled['outcome']>(['waiting', 'retry', 'doubted']);

async function digestRows(deps: DigestDeps, rows: readonly EventRow[]): Promise<Settled[]> {
  const results: Settled[] = [];
  const readings: Reading[] = [];
  for (const row of rows) {
    const reading = (await fileNotice(deps, row)) ?? readRow(deps, row);
    if ('sighting' in reading) readings.push(reading);
    else results.push(reading);
  }
  const matches = await match(
    deps.store,
    readings.map(({ row, sighting }) => ({ provider: row.provider, sighting })),
  );
  const known = readings.flatMap((r, i) => (matches[i]?.kind === 'deliveries' ? [{ ...r, match: matches[i] }] : []));
  const { sure, settled } = withoutDoubted(deps, known);
  results.push(...settled);
  const filing = inLanes(deps.store, sure).map((part) =>
    workOff(part, (some) => fileFacts(deps, some), workOptions(deps)),
  );
  // When one of them fails, the other is not to go on behind our back.
  await Promise.allSettled(filing);
  results.push(...(await Promise.all(filing)).flat());
  const unknown = readings.flatMap((r, i) => {
    const found = matches[i] ?? { kind: 'none' };
    return found.kind === 'deliveries' ? [] : [{ ...r, found }];
  });
  results.push(...(await workOff(unknown, (some) => fileUnknown(deps, some), workOptions(deps))));
  return results;
}

/**
 * In parts that are filed at the same time: while a server writes one, the other is looked at. Events of one message stay
 * together, as two commits about one message would wait for each other. SQLite has one writer, and gets one part.
 */
function inLanes({ kind }: Store, known: readonly Known[]): Known[][] {
  const lanes = Array.from({ length: kind === 'sqlite' ? 1 : LANES }, (): Known[] => []);
  for (const ofOne of groupBy(known, ({ match }) => match.messageId).values())
    lanes.reduce((least, lane) => (lane.length < least.length ? lane : least)).push(...ofOne);
  return lanes.filter((lane) => lane.length > 0);
}

const LANES = 2;

/** Those that count, and what becomes of the others: they are doubted, or nobody can tell. */
function withoutDoubted(deps: DigestDeps, known: readonly Known[]): { sure: Known[]; settled: Settled[] } {
  const sure: Known[] = [];
  const settled: Settled[] = [];
  for (const one of known) {
    const { row } = one;
    try {
      if (isDoubted(deps, one)) settled.push({ id: row.id, outcome: 'doubted', dueAt: deps.now() });
      else sure.push(one);
    } catch (error) {
      settled.push(failed(row, error, workOptions(deps)));
    }
  }
  return { sure, settled };
}

/** Whether it puts an address on our list, or ends a delivery, and nothing but its sender says so. */
function isDoubted(deps: DigestDeps, { row, sighting }: Known): boolean {
  if (row.source !== 'webhook' || row.outcome === 'believed' || !deps.isOpenToForgery?.(row.provider)) return false;
  const { report, bounce } = sighting;
  const { rules } = deps.settings;
  const verdict = bounce && report === 'failed' ? deps.judge(bounce, sighting) : null;
  if (suppressionFor(report, bounce, verdict, rules) !== null) return true;
  return bounce !== null && verdict !== null && planFor(bounce, verdict, rules) === 'stop';
}

function readRow(deps: DigestDeps, row: EventRow): Reading | Settled {
  try {
    const sighting = deps.read(row);
    if (sighting && isOfTrial(sighting)) return { id: row.id, outcome: 'done' };
    if (sighting) return { row, sighting };
    return { id: row.id, outcome: 'set_aside', tries: row.tries + 1, dueAt: deps.now(), error: 'it holds no event' };
  } catch (error) {
    return failed(row, error, workOptions(deps));
  }
}

const workOptions = ({ now, settings, log }: DigestDeps): WorkOptions => ({
  now: now(),
  pause: settings.pause,
  onFailure: ({ row, tries, isLast, error }) =>
    log.warn({ inbox: row.id, tries, error }, isLast ? 'an event was set aside' : 'an event could not be digested'),
});

async function fileFacts(deps: DigestDeps, known: readonly Known[]): Promise<Settled[]> {
  const now = deps.now();
  const each = known.flatMap((k) => k.match.ids.map((id) => ({ id, k })));
  const byDelivery = groupBy(each, ({ id }) => id);
  const isAlive = await aliveAmong(
    deps.store,
    known.map((k) => k.sighting),
    now,
  );
  const judge = judging(deps, isAlive);
  const before = new Map<string, Delivery>();
  const factsFor = (view: View): Fact[] => {
    before.set(view.id, view.delivery);
    return fewNotes(
      (byDelivery.get(view.id) ?? []).flatMap(({ k }) => factsOf({ ...deps, judge }, k, view)),
      view,
    );
  };
  // An event about a message as a whole may be about a thousand deliveries, which are written some at a time.
  const ids = chunks([...byDelivery.keys()].sort(), AT_ONCE);
  let isSettled = false;
  for (const [n, part] of ids.entries()) {
    const views = await transact(deps.store, async (tx) => {
      if (n === 0) await addHandlesIn(tx, known.flatMap(handlesOf));
      const changed = await changeIn(tx, part, now, factsFor);
      // What is to be noticed comes after the commit: until then the events must not count as done.
      isSettled = n === ids.length - 1 && !changed.some(wasEarly);
      if (isSettled)
        await writeDone(
          tx,
          known.map(({ row }) => row.id),
        );
      return changed;
    });
    for (const view of views) await noticeEarly(deps, view, now);
    deps.receiverSigns?.add(receiverSignsIn(before, views));
  }
  return known.map(({ row }) => ({ id: row.id, outcome: isSettled ? 'written' : 'done' }));
}

/** So many deliveries are written in one commit, with the events that they had. */
const AT_ONCE = 200;

/** What a failure means, with what is known of the recipient's domain. */
function judging({ judge }: DigestDeps, isAlive: IsAlive): DigestDeps['judge'] {
  return (bounce, sighting) => {
    const verdict = judge(bounce, sighting);
    return isAlive(sighting) && verdict.confidence < OPERATORS_CONFIDENCE ? judgedAlive(verdict) : verdict;
  };
}

/** The names that this event adds to what we know of its message, for later events that carry less. */
const handlesOf = ({ row, sighting, match: { messageId } }: Known): { hash: string; message_id: string }[] =>
  handlesIn(row.provider, sighting).map((hash) => ({ hash, message_id: messageId }));

/** Opens and clicks prove arrival once; the inbox keeps each of them. */
const ONCE = new Set(['opened', 'clicked']);

function factsOf(deps: DigestDeps, known: Known, view: View): Fact[] {
  const { row, sighting } = known;
  if (sighting.recipient === null && sighting.report === 'rejected')
    return isOpenAt(row.provider, view) ? [factOf(deps, known, view)] : [];
  const unseen = unseenFacts(view, row.provider, deps.now());
  const isOfMember = sighting.list !== null && !isTo(sighting, view);
  return [...unseen, ...(isOfMember ? memberFacts(known, view) : [factOf(deps, known, view)])];
}

const isTo = ({ recipient }: Sighting, view: View): boolean =>
  recipient !== null && recipientKey(recipient) === recipientKey(view.recipient);

/** What is said of a message as a whole does not touch the recipients of whom more is known. */
function isOpenAt(provider: string, { delivery }: View): boolean {
  const last = delivery.attempts.at(-1);
  return last?.claim.provider === provider && ['sending', 'unconfirmed', 'accepted', 'deferred'].includes(last.outcome);
}

function factOf(deps: DigestDeps, { row, sighting }: Known, { class: kind, delivery }: View): Fact {
  const { report, bounce } = sighting;
  const verdict = bounce && ['failed', 'rejected', 'deferred'].includes(report) ? deps.judge(bounce, sighting) : null;
  const final = report === 'failed' || report === 'rejected';
  const suppress = suppressionFor(report, bounce, verdict, deps.settings.rules);
  return {
    key: `reported:${ONCE.has(report) ? report : sighting.eventKey}`,
    // A provider whose clock is ahead must not speak of the future.
    at: Math.min(sighting.at, row.received_at),
    kind: 'reported',
    provider: row.provider,
    report,
    messageId: sighting.messageId,
    ...(sighting.handedOver ? { of: sighting.handedOver.attempt } : {}),
    bounce,
    verdict,
    plan:
      final && bounce && verdict
        ? planFor(bounce, verdict, deps.settings.rules, delivery.attempts, kind)
        : final
          ? 'stop'
          : null,
    ...(suppress === null ? {} : { suppress }),
    storage: sighting.storage,
    sendingIp: sighting.sendingIp,
    foundBy: row.source,
  };
}

const wasEarly = ({ delivery }: View): boolean => delivery.attempts.some((attempt) => sentEarly(attempt) !== null);

/** Mailgun documents no delivery time for a re-post. When it is seen to ignore ours, we keep the waits from now on. */
async function noticeEarly(deps: DigestDeps, view: View, now: Ms): Promise<void> {
  if (deps.settings.schedule !== 'auto') return;
  for (const attempt of view.delivery.attempts) {
    const report = sentEarly(attempt);
    if (!report) continue;
    const early = Math.round(((attempt.claim.deliverAt ?? 0) - report.at) / 1000);
    const why = `attempt ${attempt.number} of delivery ${view.id} was ${report.report} ${early} s before its delivery time`;
    if (!(await switchToLocal(deps.store, view.domain, why, now))) continue;
    deps.log.warn(
      { domain: view.domain, why },
      'Mailgun ignores delivery times on re-posts: waits are kept here from now on',
    );
    const item_key = `schedule_switched:${view.domain}`;
    // Nobody has to do anything about it: the daily summary says so, and no alert.
    await raise(
      deps.store,
      { item_key, incident: item_key, kind: 'schedule_switched', at: now, detail: why },
      'summary',
    );
  }
}

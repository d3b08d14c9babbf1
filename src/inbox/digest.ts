import { handle } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Fact } from '../core/delivery.ts';
import { sentEarly } from '../core/fold.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import { planFor } from '../core/plan.ts';
import { policyFor, watchOnly } from '../core/policy.ts';
import { handedOver } from '../core/sent.ts';
import type { Settings } from '../core/settings.ts';
import type { Bounce, Sighting } from '../core/sighting.ts';
import { suppressionFor } from '../core/suppression.ts';
import type { Clock, Ms } from '../core/time.ts';
import type { Verdict } from '../core/verdict.ts';
import { fileTold } from '../intake/told.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import {
  addHandles,
  type EventRow,
  holdsEvent,
  type InboxRow,
  isInFlight,
  type Match,
  match,
  type Settled,
  settle,
  takePending,
} from '../store/inbox.ts';
import { change } from '../store/ledger/ledger.ts';
import { rememberDomains, switchToLocal } from '../store/messages/domains.ts';
import { record } from '../store/messages/messages.ts';
import type { View } from '../store/rows/rows.ts';

export type DigestDeps = {
  store: Store;
  settings: Settings;
  /** What a kept row says; null when it is no event at all. */
  read(row: InboxRow): Sighting | null;
  judge(bounce: Bounce, sighting: Sighting): Verdict;
  now: Clock;
  log: Log;
};

const POISON = 3;

type Reading = { row: EventRow; sighting: Sighting };

/** Turns inbox rows into facts, `limit` at most; says how many it settled. Doing it twice comes to the same. */
export async function digest(deps: DigestDeps, limit = 200): Promise<number> {
  const { store, settings } = deps;
  const rows = await takePending(store, deps.now(), limit, settings.lease);
  if (rows.length === 0) return 0;
  // First what applications told: the events may be about it.
  const told = rows.filter((row) => !holdsEvent(row)).map((row) => ({ row }));
  const results = await togetherOrAlone(deps, told, (some) => fileTold(deps, some.map(rowOf), deps.now()));
  const readings: Reading[] = [];
  for (const row of rows.filter(holdsEvent)) {
    const reading = readRow(deps, row);
    if ('sighting' in reading) readings.push(reading);
    else results.push(reading);
  }
  const matches = await match(
    store,
    readings.map((r) => r.sighting),
  );
  const known = readings.flatMap((r, i) => (matches[i]?.kind === 'delivery' ? [{ ...r, match: matches[i] }] : []));
  results.push(...(await togetherOrAlone(deps, known, (some) => fileFacts(deps, some))));
  for (const [i, reading] of readings.entries()) {
    const found = matches[i] ?? { kind: 'none' };
    if (found.kind !== 'delivery') results.push(await fileUnknown(deps, reading, found));
  }
  await settle(store, results);
  return results.filter((r) => r.outcome !== 'waiting').length;
}

function readRow(deps: DigestDeps, row: EventRow): Reading | Settled {
  try {
    const sighting = deps.read(row);
    if (sighting) return { row, sighting };
    return { id: row.id, outcome: 'set_aside', tries: row.tries + 1, dueAt: deps.now(), error: 'it holds no event' };
  } catch (error) {
    return failed(deps, row, error);
  }
}

/** A row that can't be digested is tried again, and after three tries set aside with its error; the others go on. */
function failed(deps: DigestDeps, row: InboxRow, error: unknown): Settled {
  const tries = row.tries + 1;
  const words = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
  deps.log.warn(
    { inbox: row.id, tries, error },
    tries < POISON ? 'an event could not be digested' : 'an event was set aside',
  );
  return {
    id: row.id,
    outcome: tries < POISON ? 'retry' : 'set_aside',
    tries,
    dueAt: deps.now() + deps.settings.pause,
    error: words,
  };
}

type Known = Reading & { match: Extract<Match, { kind: 'delivery' }> };

const rowOf = ({ row }: { row: InboxRow }): InboxRow => row;

/** All in one change; when that fails, one by one, so that a poisonous row does not block the others. */
async function togetherOrAlone<T extends { row: InboxRow }>(
  deps: DigestDeps,
  items: readonly T[],
  file: (items: readonly T[]) => Promise<Settled[]>,
): Promise<Settled[]> {
  try {
    return await file(items);
  } catch (error) {
    const [first] = items;
    if (first && items.length === 1) return [failed(deps, first.row, error)];
    const results: Settled[] = [];
    for (const one of items) results.push(...(await togetherOrAlone(deps, [one], file)));
    return results;
  }
}

async function fileFacts(deps: DigestDeps, known: readonly Known[]): Promise<Settled[]> {
  if (known.length === 0) return [];
  const { store } = deps;
  const now = deps.now();
  const byDelivery = new Map<string, Known[]>();
  for (const k of known) byDelivery.set(k.match.deliveryId, [...(byDelivery.get(k.match.deliveryId) ?? []), k]);
  await addHandles(store, known.flatMap(handlesOf));
  const views = await change(store, [...byDelivery.keys()], now, (view) =>
    (byDelivery.get(view.id) ?? []).map((k) => factOf(deps, k)),
  );
  for (const view of views) await noticeEarly(deps, view, now);
  return known.map((k) => ({ id: k.row.id, outcome: 'done' }));
}

/** The names that this event adds to what we know of its message, for later events that carry less. */
function handlesOf({ sighting, match: found }: Known): { hash: string; message_id: string }[] {
  const { domain, messageId, storage } = sighting;
  if (!domain) return [];
  const hashes: string[] = [];
  if (messageId) hashes.push(handle('reply', domain, messageId));
  if (storage?.key) hashes.push(handle('storage', domain, storage.key));
  return hashes.map((hash) => ({ hash, message_id: found.messageId }));
}

/** Opens and clicks prove arrival once; the inbox keeps each of them. */
const ONCE = new Set(['opened', 'clicked']);

function factOf(deps: DigestDeps, { row, sighting }: Known): Fact {
  const { report, bounce } = sighting;
  const verdict = bounce && ['failed', 'rejected', 'deferred'].includes(report) ? deps.judge(bounce, sighting) : null;
  const final = report === 'failed' || report === 'rejected';
  const suppress = suppressionFor(report, bounce, verdict, deps.settings.rules);
  return {
    key: `reported:${ONCE.has(report) ? report : sighting.eventKey}`,
    at: sighting.at,
    kind: 'reported',
    report,
    messageId: sighting.messageId,
    bounce,
    verdict,
    plan: final && bounce && verdict ? planFor(bounce, verdict, deps.settings.rules) : final ? 'stop' : null,
    ...(suppress === null ? {} : { suppress }),
    storage: sighting.storage,
    sendingIp: sighting.sendingIp,
    foundBy: row.source,
  };
}

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
    // Nobody has to do anything about it: the daily report says so, and no alert.
    await raise(
      deps.store,
      { item_key, incident: item_key, kind: 'schedule_switched', at: now, detail: why },
      'report',
    );
  }
}

/** An event of a message that we do not know: our own record may simply be later than Mailgun. */
async function fileUnknown(deps: DigestDeps, { row, sighting }: Reading, found: Match): Promise<Settled> {
  const { settings, store } = deps;
  const now = deps.now();
  const tries = row.tries + 1;
  const aside = (outcome: 'set_aside' | 'unmatched', error: string): Settled => ({
    id: row.id,
    outcome,
    tries,
    dueAt: now,
    error,
  });
  const patience = row.received_at + settings.adoptAfter;
  if (now < patience && found.kind !== 'adopted') {
    const wait = Math.min((settings.adoptAfter / 30) * 2 ** row.tries, settings.adoptAfter / 4);
    return { id: row.id, outcome: 'waiting', tries, dueAt: Math.min(patience, now + wait) };
  }
  if (sighting.recipient && (await isInFlight(store, sighting.recipient)))
    return { id: row.id, outcome: 'waiting', tries, dueAt: now + Math.max(settings.adoptAfter, settings.pause) };
  if (found.kind === 'stranger') return aside('set_aside', 'the message is ours, this recipient is not');
  if (sighting.report === 'other') return aside('unmatched', 'it is about no message that we know');
  if (settings.adopt === 'off') return aside('unmatched', 'no message is known under its ids');
  if (!sighting.recipient || !sighting.messageId || !sighting.domain)
    return aside('unmatched', 'it names no recipient, message or domain');
  await adopt(deps, sighting, now);
  return { id: row.id, outcome: 'waiting', tries, dueAt: now };
}

/** Tracks a message that we know from its events alone. */
async function adopt(deps: DigestDeps, s: Sighting, now: Ms): Promise<void> {
  const { store, settings } = deps;
  const kind: MessageClass = CLASSES.find((c) => c === s.homingClass) ?? 'notice';
  const policy = policyFor(kind, settings.policies);
  const domain = s.domain ?? '';
  const at = Math.min(s.at, now);
  await rememberDomains(store, [domain]);
  const draft = {
    messageId: s.messageId ?? '',
    domain,
    from: s.from ?? '',
    subject: s.subject,
    class: kind,
    key: null,
    origin: 'adopted' as const,
    policy: settings.adopt === 'retry' ? policy : watchOnly(policy),
    recipients: [s.recipient ?? ''],
    facts: handedOver(at, s.messageId),
    createdAt: at,
  };
  await record(store, draft, now);
}

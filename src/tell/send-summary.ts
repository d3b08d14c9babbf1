import { createHash } from 'node:crypto';
import type { Log } from '../base/log.ts';
import { renewing } from '../base/renewing.ts';
import { type Clock, HOUR, MINUTE, type Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { ensureBuilt } from '../store/figures/rebuild.ts';
import { foldPending } from '../store/figures/rollup.ts';
import { cursor, setCursor } from '../store/notes/cursors.ts';
import {
  type Dispatch,
  firstDeliveryAt,
  holdReport,
  keepReport,
  reportedDays,
  reportFailed,
  reportSent,
  reportTold,
  takeReport,
  troubledRoutes,
} from '../store/summaries.ts';
import { periodOf } from './summary/days.ts';
import { dueReports, lastDueAt } from './summary/due.ts';
import { letterOf, type ReportLetter } from './summary/letter.ts';
import { type ReportOptions, reportFor } from './summary-of.ts';

/** One way to post a letter to one administrator. Rejects when it was not taken. */
export type LetterRoute = { name: string; post(letter: ReportLetter & LetterHead): Promise<void> };
export type LetterHead = { to: string; id: string; date: Ms };

export type SendReportDeps = {
  store: Store;
  routes: readonly LetterRoute[];
  admins: readonly string[];
  cron: string;
  timezone: string;
  details: ReportOptions['details'];
  lease: Ms;
  pause: Ms;
  now: Clock;
  log: Log;
};

/** The cursor that says up to when due reports were written. */
const WRITTEN = 'reports_written';
/** A route that an alert warned about counts as down for so long. */
const DOWN_FOR = HOUR;

/** The cursor that says when the figures of earlier deliveries could not be counted. */
const BROKEN = 'figures_broken';

/** Keeps the figures up, and sends what is due; says how much it did. */
export async function report(deps: SendReportDeps): Promise<number> {
  const isComplete = await completeFigures(deps);
  const folded = await foldPending(deps.store);
  if (deps.admins.length === 0 || deps.routes.length === 0) return folded;
  const written = isComplete ? await writeDue(deps) : 0;
  return folded + written + (await sendReports(deps));
}

/**
 * Counts the deliveries that are older than the figures, once in the life of a database. False while another process does
 * it. Where it breaks the figures go on without those deliveries, as a report that lacks them is better than none.
 */
async function completeFigures({ store, now, log }: SendReportDeps): Promise<boolean> {
  const broken = await cursor(store, BROKEN);
  if (broken && now() < broken.at + 10 * MINUTE) return true;
  try {
    const how = await ensureBuilt(store, now);
    if (how === 'built') log.info({}, 'the figures of earlier deliveries were counted');
    return how !== 'busy';
  } catch (error) {
    log.error({ error }, 'the figures of earlier deliveries could not be counted and will be tried again');
    await setCursor(store, BROKEN, '', now());
    return true;
  }
}

/** Writes the reports that have become due since the last time, also while no daemon ran. Each is kept before it is sent. */
export async function writeDue(deps: SendReportDeps): Promise<number> {
  const { store, cron, timezone } = deps;
  const now = deps.now();
  const since = await writtenUpTo(deps, now);
  const due = dueReports(cron, timezone, since, now);
  if (due.length === 0) return 0;
  const known = await reportedDays(
    store,
    due.map((d) => d.lastDay),
  );
  const missing = due.filter((d) => !known.has(d.lastDay));
  for (const { firstDay, lastDay } of missing) {
    const r = await reportFor(store, periodOf(firstDay, lastDay, timezone, now), { now, details: deps.details });
    const { subject, ...letter } = await letterOf(r);
    await keepReport(store, { day: lastDay, subject, body: JSON.stringify(letter) }, now);
  }
  await setCursor(store, WRITTEN, '', now);
  return missing.length;
}

/** A new installation reports from its first day on; one with a past was off when the last report was due. */
async function writtenUpTo({ store, cron, timezone }: SendReportDeps, now: Ms): Promise<Ms> {
  const known = await cursor(store, WRITTEN);
  if (known) return known.at;
  const first = await firstDeliveryAt(store);
  const last = lastDueAt(cron, timezone, now);
  const since = first !== null && last !== null && first < last ? last - 1 : now;
  await setCursor(store, WRITTEN, '', since);
  return since;
}

/** A round ends after so many reports, so that others get their turn. */
const ROUND = 3;

/** Sends what is waiting; says how many reports reached everybody. What does not get out is tried again, later each time. */
export async function sendReports(deps: SendReportDeps): Promise<number> {
  const { store, now, lease } = deps;
  let sent = 0;
  for (let n = 0; n < ROUND; n++) {
    const dispatch = await takeReport(store, { now: now(), until: now() + lease });
    if (!dispatch) break;
    const renew = () => holdReport(store, dispatch.claim, now() + lease);
    const problems = await renewing({ lease, renew }, (lost) => sendToAll(deps, dispatch, lost));
    if (await settle(deps, dispatch, problems)) sent++;
  }
  return sent;
}

/** Writes down how the sending went; says whether the report reached everybody. */
async function settle(deps: SendReportDeps, dispatch: Dispatch, problems: readonly string[]): Promise<boolean> {
  const { store, now, pause, log } = deps;
  const { day, claim, tries } = dispatch;
  const wait = Math.min(pause * 2 ** tries, 30 * MINUTE);
  const held =
    problems.length === 0
      ? await reportSent(store, claim, now())
      : await reportFailed(store, dispatch, now() + wait, problems.join('; ').slice(0, 1000));
  if (!held) log.warn({ day }, 'the report took longer than this process could keep it from others');
  if (problems.length === 0) log.info({ day }, 'the report was sent');
  else log.error({ day, problems }, 'the report did not reach everybody and will be tried again');
  return problems.length === 0;
}

async function sendToAll(deps: SendReportDeps, dispatch: Dispatch, lost: AbortSignal): Promise<string[]> {
  const down = await troubledRoutes(deps.store, deps.now() - DOWN_FOR);
  const usable = deps.routes.filter((r) => !down.has(r.name));
  if (usable.length === 0) return ['every route to the administrators counts as down'];
  const letter = { subject: dispatch.subject, ...(JSON.parse(dispatch.body) as Omit<ReportLetter, 'subject'>) };
  const told = [...dispatch.told];
  const problems: string[] = [];
  for (const to of deps.admins) {
    const name = nameOf(to);
    if (told.includes(name)) continue;
    if (lost.aborted) return ['another process sends it'];
    const head = { to, id: `report-${dispatch.day}-${name}`, date: dispatch.createdAt };
    const problem = await sendOne(usable, { ...letter, ...head });
    if (problem !== null) {
      problems.push(problem);
      continue;
    }
    told.push(name);
    if (!(await reportTold(deps.store, dispatch.claim, told))) return ['another process sends it'];
  }
  return problems;
}

/** Part of the Message-ID as well: the same letter sent again to the same person is shown once. */
const nameOf = (address: string): string => createHash('sha256').update(address).digest('hex').slice(0, 16);

async function sendOne(routes: readonly LetterRoute[], letter: ReportLetter & LetterHead): Promise<string | null> {
  const problems: string[] = [];
  for (const route of routes) {
    try {
      await route.post(letter);
      return null;
    } catch (error) {
      problems.push(`${route.name}: ${(error instanceof Error ? error.message : String(error)).slice(0, 200)}`);
    }
  }
  return problems.join('; ');
}

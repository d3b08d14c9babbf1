import { createHash } from 'node:crypto';
import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { renewing } from '../base/renewing.ts';
import type { Period } from '../core/figures/summary.ts';
import { storable } from '../core/safe-text.ts';
import { type Clock, HOUR, MINUTE, type Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { dropPending, foldPending } from '../store/figures/pending.ts';
import { ensureBuilt } from '../store/figures/rebuild.ts';
import { cursor, setCursor } from '../store/notes/cursors.ts';
import {
  channelsWarnedAbout,
  firstDeliveryAt,
  holdSummary,
  type KeptSummary,
  keepSummary,
  summarizedDays,
  summaryFailed,
  summarySent,
  summaryTold,
  takeSummary,
} from '../store/summaries.ts';
import type { AddressedLetter, LetterChannel } from './channels/channel.ts';
import { periodOf } from './summary/days.ts';
import { dueSummaries, lastDueAt } from './summary/due.ts';
import { letterOf, type SummaryLetter, unwritten } from './summary/letter.ts';
import { type SummaryOptions, summaryOf } from './summary-of.ts';

export type SummaryDeps = {
  store: Store;
  channels: readonly LetterChannel[];
  admins: readonly string[];
  cron: string;
  timezone: string;
  details: SummaryOptions['details'];
  lease: Ms;
  pause: Ms;
  now: Clock;
  log: Log;
};

/** The cursor that says up to when summaries were written. */
const WRITTEN = 'summaries_written';
/** A channel that an alert warned about counts as down for so long. */
const DOWN_FOR = HOUR;

/** The cursor that says when the figures of earlier deliveries could not be counted. */
const BROKEN = 'figures_broken';

/** Brings the figures up to date, writes the summaries that are due and sends them; says how much it did. */
export async function tellSummaries(deps: SummaryDeps): Promise<number> {
  const isComplete = await completeFigures(deps);
  const folded = await foldFigures(deps);
  if (deps.admins.length === 0 || deps.channels.length === 0) return folded;
  const written = isComplete ? await writeDue(deps) : 0;
  return folded + written + (await sendSummaries(deps));
}

/** Adds what has changed to the figures. A change that can't be added is found by adding them one by one, and left out. */
async function foldFigures({ store, log }: SummaryDeps): Promise<number> {
  for (const limit of [undefined, 1]) {
    try {
      return await foldPending(store, limit);
    } catch (error) {
      if (isDatabaseTrouble(error)) throw error;
      if (limit === 1)
        log.error({ error }, 'a change of the figures was left out: mend them by "homing report --rebuild"');
    }
  }
  await dropPending(store);
  return 1;
}

/**
 * Counts the deliveries that are older than the figures, once in the life of a database. False while another process
 * does it. If it fails the figures go on without those deliveries: a summary that lacks them is better than none.
 */
async function completeFigures({ store, now, log }: SummaryDeps): Promise<boolean> {
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

/** Writes the summaries that have become due since the last time, also while no daemon ran. Each is kept before it is sent. */
export async function writeDue(deps: SummaryDeps): Promise<number> {
  const { store, cron, timezone } = deps;
  const now = deps.now();
  const since = await writtenUpTo(deps, now);
  const due = dueSummaries(cron, timezone, since, now);
  if (due.length === 0) return 0;
  const known = await summarizedDays(
    store,
    due.map((d) => d.lastDay),
  );
  const missing = due.filter((d) => !known.has(d.lastDay));
  for (const { firstDay, lastDay } of missing) {
    await writeOne(deps, periodOf(firstDay, lastDay, timezone, now), now);
  }
  await setCursor(store, WRITTEN, '', now);
  return missing.length;
}

/** Writes the summary of a period. One that can't be written must not keep back the others: a letter says so in its place. */
async function writeOne({ store, details, log }: SummaryDeps, period: Period, now: Ms): Promise<void> {
  const whole = async () => letterOf(await summaryOf(store, period, { now, details }));
  for (const write of [whole, async () => unwritten(period)]) {
    try {
      const { subject, ...letter } = await write();
      return await keepSummary(store, { day: period.lastDay, subject, body: JSON.stringify(letter) }, now);
    } catch (error) {
      if (isDatabaseTrouble(error)) throw error;
      log.error({ day: period.lastDay, error }, 'a summary could not be written');
    }
  }
}

/**
 * Up to when summaries were written. If none was ever written: a new installation begins with today, and one that has
 * deliveries with the last summary that was due.
 */
async function writtenUpTo({ store, cron, timezone }: SummaryDeps, now: Ms): Promise<Ms> {
  const known = await cursor(store, WRITTEN);
  if (known) return known.at;
  const first = await firstDeliveryAt(store);
  const last = lastDueAt(cron, timezone, now);
  const since = first !== null && last !== null && first < last ? last - 1 : now;
  await setCursor(store, WRITTEN, '', since);
  return since;
}

/** A round ends after so many summaries, so that others get their turn. */
const ROUND = 3;

/** Sends the waiting summaries; says how many reached everybody. One that did not is tried again, later each time. */
export async function sendSummaries(deps: SummaryDeps): Promise<number> {
  const { store, now, lease } = deps;
  let sent = 0;
  for (let n = 0; n < ROUND; n++) {
    const kept = await takeSummary(store, { now: now(), until: now() + lease });
    if (!kept) break;
    const renew = () => holdSummary(store, kept.claim, now() + lease);
    const problems = await renewing({ lease, renew }, (lost) => sendToAll(deps, kept, lost));
    if (await settle(deps, kept, problems)) sent++;
  }
  return sent;
}

/** Writes down how the sending went; says whether the summary reached everybody. */
async function settle(deps: SummaryDeps, kept: KeptSummary, problems: readonly string[]): Promise<boolean> {
  const { store, now, pause, log } = deps;
  const { day, claim, tries } = kept;
  const wait = Math.min(pause * 2 ** tries, 30 * MINUTE);
  const held =
    problems.length === 0
      ? await summarySent(store, claim, now())
      : await summaryFailed(store, kept, now() + wait, storable(problems.join('; '), 1000));
  if (!held) log.warn({ day }, 'the summary took longer than this process could keep it from others');
  if (problems.length === 0) log.info({ day }, 'the summary was sent');
  else log.error({ day, problems }, 'the summary did not reach everybody and will be tried again');
  return problems.length === 0;
}

async function sendToAll(deps: SummaryDeps, kept: KeptSummary, lost: AbortSignal): Promise<string[]> {
  const down = await channelsWarnedAbout(deps.store, deps.now() - DOWN_FOR);
  const usable = deps.channels.filter((c) => !down.has(c.name));
  if (usable.length === 0) return ['every way to the administrators counts as down'];
  const letter = letterIn(kept);
  if (letter === null) return ['what was kept of it can not be read'];
  const told = [...kept.told];
  const problems: string[] = [];
  for (const to of deps.admins) {
    const name = nameOf(to);
    if (told.includes(name)) continue;
    if (lost.aborted) return ['another process sends it'];
    const head = { to, id: `report-${kept.day}-${name}`, date: kept.createdAt };
    const problem = await sendOne(usable, { ...letter, ...head });
    if (problem !== null) {
      problems.push(problem);
      continue;
    }
    told.push(name);
    if (!(await summaryTold(deps.store, kept.claim, told))) return ['another process sends it'];
  }
  return problems;
}

function letterIn({ subject, body }: KeptSummary): SummaryLetter | null {
  try {
    return { subject, ...(JSON.parse(body) as Omit<SummaryLetter, 'subject'>) };
  } catch {
    return null;
  }
}

/** Also a part of the Message-ID, so that a letter that is sent again to the same person is shown once. */
const nameOf = (address: string): string => createHash('sha256').update(address).digest('hex').slice(0, 16);

async function sendOne(channels: readonly LetterChannel[], letter: AddressedLetter): Promise<string | null> {
  const problems: string[] = [];
  for (const channel of channels) {
    try {
      await channel.post(letter);
      return null;
    } catch (error) {
      problems.push(`${channel.name}: ${wordsOf(error)}`);
    }
  }
  return problems.join('; ');
}

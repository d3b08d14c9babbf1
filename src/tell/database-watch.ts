import { newId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Turn } from '../core/alerting.ts';
import { pauseAfter } from '../core/incident.ts';
import type { Rung, Way } from '../core/ladder.ts';
import type { Clock, Ms } from '../core/time.ts';
import { asSentence } from '../core/words/capital.ts';
import { lengthWords, timeWords } from '../core/words/numbers.ts';
import { wrap } from '../core/words/wrap.ts';
import { databaseProblems } from '../store/db/health.ts';
import type { Store } from '../store/db/open.ts';
import type { AlertChannel, Notice } from './channels/channel.ts';
import { runbookChapter } from './compose-alert.ts';
import { type Outcome, rungsOf, sendTo, sendUp } from './ways.ts';

export type DatabaseWatchDeps = {
  store: Store;
  channels: readonly AlertChannel[];
  ladder?: readonly Rung[] | undefined;
  /** How long it is away before the administrators are told, as a server may be started again; and then told again. */
  group: Ms;
  repeat: Ms;
  publicUrl: string | null;
  now: Clock;
  log: Log;
};

/** `toldAt` and `told` are of the alerts that got out, `heard` the ways that took one, `rung` how far up the ladder it came. */
type Watch = { since: Ms | null; openedAt: Ms | null; told: number; nextAt: Ms; rung: number; heard: Set<Way> };

const NOTHING = { since: null, openedAt: null, told: 0, nextAt: 0, rung: 0 } as const;

/**
 * Tells the administrators that the database can't be used, and when it can again: by this process alone and past the
 * database, where all other alerts are kept. Nobody can take it, because that would be kept there as well.
 */
export function createDatabaseWatch(deps: DatabaseWatchDeps): () => Promise<number> {
  const watch: Watch = { ...NOTHING, heard: new Set() };
  return async () => {
    const problems = await databaseProblems(deps.store);
    const now = deps.now();
    if (problems.length > 0) await whileAway(deps, watch, problems, now);
    else await whenBack(deps, watch, now);
    return 0;
  };
}

async function whileAway(deps: DatabaseWatchDeps, watch: Watch, problems: readonly string[], now: Ms): Promise<void> {
  if (watch.since === null) deps.log.error({ problems }, 'the database can not be used');
  watch.since ??= now;
  const next = watch.rung + 1;
  const after = rungsOf(deps.ladder, deps.channels)[next]?.after;
  const climbs = watch.openedAt !== null && after !== undefined && now - watch.openedAt >= after;
  if (now < watch.since + deps.group || (now < watch.nextAt && !climbs)) return;
  const [from, to] = climbs ? [next, next] : [0, watch.rung];
  const { took, rung } = await send(deps, watch, {
    headline: 'the database can not be used',
    text: `${problems.map(asSentence).join(' ')} It has been so since ${timeWords(watch.since)}. ${MEANWHILE}`,
    ...{ now, since: watch.since, rungs: [from, to] },
    turn: climbs || watch.told === 0 ? 'opened' : 'repeated',
  });
  if (took.length > 0) Object.assign(watch, { openedAt: watch.openedAt ?? now, rung });
  if (took.length > 0 && !climbs) watch.told++;
  watch.nextAt = now + (took.length > 0 ? pauseAfter(watch.told, deps.repeat) : deps.group);
}

async function whenBack(deps: DatabaseWatchDeps, watch: Watch, now: Ms): Promise<void> {
  const { since } = watch;
  if (since !== null) deps.log.info({}, 'the database can be used again');
  if (watch.told > 0 && since !== null) {
    const text = `It was away from ${timeWords(since)} on, for ${lengthWords(now - since)}. What waited goes on; nothing has to be done.`;
    await send(deps, watch, {
      headline: 'the database can be used again',
      text,
      now,
      since,
      turn: 'ended',
      rungs: null,
    });
  }
  Object.assign(watch, NOTHING);
  watch.heard.clear();
}

const MEANWHILE =
  'Meanwhile nothing is acknowledged: Mailgun repeats its webhooks for eight hours, applications that track their mail keep it in their spool, and mail that waits here stands still. What to do: see that the disk has room and the server runs; put a file that was moved or replaced back in its place, or stop Homing, restore the database and run "homing restored" before the next start.';

type Saying = { headline: string; text: string; now: Ms; turn: Turn; since: Ms; rungs: [number, number] | null };

async function send(
  { channels, ladder, publicUrl, log }: DatabaseWatchDeps,
  { heard }: Watch,
  { headline, text, now, turn, since, rungs }: Saying,
): Promise<Outcome> {
  const told = wrap(`${asSentence(headline)} ${text}`, { width: 78 });
  const notice: Notice = {
    ...{ id: newId(now), conversation: `database:${since}`, turn, severity: 'critical', kind: 'database' },
    ...{ incident: 'database', count: 1, link: null, tries: 0 },
    ...{ createdAt: now, startedAt: since, endedAt: turn === 'ended' ? now : null },
    ...{ subject: `[Homing] ${headline}`, body: `${told}\nRunbook: ${runbookChapter(publicUrl, 'database')}\n` },
  };
  const sending = { notice, avoid: [], lost: new AbortController().signal };
  const up = rungs && { rungs: rungsOf(ladder, channels), from: rungs[0], to: rungs[1] };
  const outcome = await (up ? sendUp(sending, channels, up) : sendTo(sending, channels, [...heard]));
  const { took, problems } = outcome;
  if (problems.length > 0) log.error({ problems }, 'an alert about the database could not be sent by every way');
  for (const way of took) heard.add(way);
  return outcome;
}

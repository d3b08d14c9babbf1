import { newId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Turn } from '../core/alerting.ts';
import { pauseAfter } from '../core/incident.ts';
import type { Rung, Way } from '../core/ladder.ts';
import { type Clock, DAY, type Ms } from '../core/time.ts';
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
  /** The same for each outage of this database, so that a process that is started anew can end what another has told. */
  conversation: string;
  now: Clock;
  log: Log;
};

type Watch = {
  since: Ms | null;
  /** Since when it can be used again, while some have not been told yet. */
  overAt: Ms | null;
  /** When it was told, and how often that got out. */
  openedAt: Ms | null;
  told: number;
  /** When it was last tried to tell, and how long nothing is told after that. */
  triedAt: Ms;
  pause: Ms;
  /** How far up the ladder it came. */
  rung: number;
  toldAt: readonly Ms[];
  /** The ways that took an alert, and have not taken its end. */
  heard: Set<Way>;
};

const NOTHING = {
  ...{ since: null, overAt: null, openedAt: null, told: 0, triedAt: 0, pause: 0, rung: 0, toldAt: [] },
} as const;

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
  // Who has not been told that the last time is over hears of the end of this one.
  if (watch.overAt !== null) Object.assign(watch, NOTHING);
  if (watch.since === null) deps.log.error({ problems }, 'the database can not be used');
  // A clock may have been set back.
  watch.since = Math.min(watch.since ?? now, now);
  if (watch.openedAt !== null) watch.openedAt = Math.min(watch.openedAt, now);
  const next = watch.rung + 1;
  const after = rungsOf(deps.ladder, deps.channels)[next]?.after;
  const climbs = watch.openedAt !== null && after !== undefined && now - watch.openedAt >= after;
  const isShort = watch.openedAt === null && now < watch.since + deps.group;
  // A step up the ladder waits for no pause but the one after a try that failed.
  const pause = climbs ? Math.min(watch.pause, deps.group) : watch.pause;
  if (isShort || isPausing({ ...watch, pause }, now)) return;
  const [from, to] = climbs ? [next, next] : [0, watch.rung];
  const { took, rung } = await send(deps, watch, {
    headline: 'the database can not be used',
    text: `${problems.map(asSentence).join(' ')} It has been so since ${timeWords(watch.since)}. ${MEANWHILE}`,
    ...{ now, since: watch.since, rungs: [from, to] },
    turn: climbs || watch.told === 0 ? 'opened' : 'repeated',
  });
  if (took.length > 0) Object.assign(watch, { openedAt: watch.openedAt ?? now, rung, toldAt: [...watch.toldAt, now] });
  if (took.length > 0 && !climbs) watch.told++;
  for (const way of took) watch.heard.add(way);
  Object.assign(watch, { triedAt: now, pause: took.length > 0 ? pauseAfter(watch.told, deps.repeat) : deps.group });
}

const isPausing = ({ triedAt, pause }: Watch, now: Ms): boolean => Math.abs(now - triedAt) < pause;

/** Who can't be told that it is over is tried for a day. */
async function whenBack(deps: DatabaseWatchDeps, watch: Watch, now: Ms): Promise<void> {
  const { since } = watch;
  if (since === null) return;
  if (watch.overAt === null) {
    deps.log.info({}, 'the database can be used again');
    Object.assign(watch, { overAt: now, pause: 0 });
  }
  const overAt = watch.overAt ?? now;
  if (isPausing(watch, now)) return;
  if (watch.heard.size > 0) {
    const { took } = await send(deps, watch, {
      headline: 'the database can be used again',
      text: `It was away from ${timeWords(since)} on, for ${lengthWords(overAt - since)}. What waited goes on; nothing has to be done.`,
      ...{ now: overAt, since, turn: 'ended', rungs: null },
    });
    for (const way of took) watch.heard.delete(way);
    Object.assign(watch, { triedAt: now, pause: deps.group });
  }
  if (watch.heard.size > 0 && Math.abs(now - overAt) < DAY) return;
  Object.assign(watch, NOTHING);
  watch.heard.clear();
}

const MEANWHILE =
  'Meanwhile nothing is acknowledged: Mailgun repeats its webhooks for eight hours, applications that track their mail keep it in their spool, and mail that waits here stands still. What to do: see that the disk has room and the server runs; put a file that was moved or replaced back in its place, or stop Homing, restore the database and run "homing restored" before the next start.';

type Saying = { headline: string; text: string; now: Ms; turn: Turn; since: Ms; rungs: [number, number] | null };

async function send(
  { channels, ladder, publicUrl, conversation, log }: DatabaseWatchDeps,
  { heard, toldAt }: Watch,
  { headline, text, now, turn, since, rungs }: Saying,
): Promise<Outcome> {
  const told = wrap(`${asSentence(headline)} ${text}`, { width: 78 });
  const notice: Notice = {
    ...{ id: newId(now), conversation, turn, severity: 'critical', kind: 'database' },
    ...{ incident: 'database', count: 1, link: null, tries: 0, isWorse: false, toldAt: turn === 'ended' ? toldAt : [] },
    ...{ createdAt: now, startedAt: since, endedAt: turn === 'ended' ? now : null },
    ...{ subject: `[Homing] ${headline}`, body: `${told}\nRunbook: ${runbookChapter(publicUrl, 'database')}\n` },
  };
  const sending = { notice, avoid: [], lost: new AbortController().signal };
  const up = rungs && { rungs: rungsOf(ladder, channels), from: rungs[0], to: rungs[1] };
  const outcome = await (up ? sendUp(sending, channels, up) : sendTo(sending, channels, [...heard]));
  const { problems } = outcome;
  if (problems.length > 0) log.error({ problems }, 'an alert about the database could not be sent by every way');
  return outcome;
}

import { wordsOf } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Turn } from '../core/alerting.ts';
import type { Clock, Ms } from '../core/time.ts';
import { asSentence } from '../core/words/capital.ts';
import { timeWords } from '../core/words/numbers.ts';
import { wrap } from '../core/words/wrap.ts';
import { databaseProblems } from '../store/db/health.ts';
import type { Store } from '../store/db/open.ts';
import type { AlertChannel, Notice } from './channels/channel.ts';
import { runbookChapter } from './compose-alert.ts';

export type DatabaseWatchDeps = {
  store: Store;
  channels: readonly AlertChannel[];
  /** How long it is away before the administrators are told, as a server may be started again; and then told again. */
  group: Ms;
  repeat: Ms;
  publicUrl: string | null;
  now: Clock;
  log: Log;
};

type Watch = { since: Ms | null; told: boolean; nextAt: Ms };

/**
 * Tells the administrators that the database can't be used, and when it can again: by this process alone and past the
 * database, where all other alerts are kept.
 */
export function createDatabaseWatch(deps: DatabaseWatchDeps): () => Promise<number> {
  const watch: Watch = { since: null, told: false, nextAt: 0 };
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
  if (now < watch.since + deps.group || now < watch.nextAt) return;
  const isOut = await send(deps, {
    headline: 'the database can not be used',
    text: `${problems.map(asSentence).join(' ')} It has been so since ${timeWords(watch.since)}. ${MEANWHILE}`,
    now,
    turn: watch.told ? 'repeated' : 'opened',
    since: watch.since,
  });
  watch.told ||= isOut;
  watch.nextAt = now + (isOut ? deps.repeat : deps.group);
}

async function whenBack(deps: DatabaseWatchDeps, watch: Watch, now: Ms): Promise<void> {
  if (watch.since !== null) deps.log.info({}, 'the database can be used again');
  if (watch.told) {
    const since = watch.since ?? now;
    const text = `It was away from ${timeWords(since)} on. What waited goes on; nothing has to be done.`;
    await send(deps, { headline: 'the database can be used again', text, now, turn: 'ended', since });
  }
  Object.assign(watch, { since: null, told: false, nextAt: 0 });
}

const MEANWHILE =
  'Meanwhile nothing is acknowledged: Mailgun repeats its webhooks for eight hours, applications that track their mail keep it in their spool, and mail that waits here stands still. What to do: see that the disk has room and the server runs; put a file that was moved or replaced back in its place, or stop Homing, restore the database and run "homing restored" before the next start.';

type Saying = { headline: string; text: string; now: Ms; turn: Turn; since: Ms };

async function send(
  { channels, publicUrl, log }: DatabaseWatchDeps,
  { headline, text, now, turn, since }: Saying,
): Promise<boolean> {
  const subject = `[Homing] ${headline}`;
  const told = wrap(`${asSentence(headline)} ${text}`, { width: 78 });
  const body = `${told}\nRunbook: ${runbookChapter(publicUrl, 'database')}\n`;
  const about: Omit<Notice, 'subject' | 'body'> = {
    ...{ id: newId(now), conversation: `database:${since}`, turn, severity: 'critical', kind: 'database' },
    ...{ incident: 'database', count: 1, link: null, tries: 0 },
    ...{ createdAt: now, startedAt: since, endedAt: turn === 'ended' ? now : null },
  };
  for (const channel of channels) {
    try {
      await channel.send({ ...about, subject, body });
      return true;
    } catch (error) {
      log.error({ channel: channel.name, problem: wordsOf(error) }, 'an alert about the database could not be sent');
    }
  }
  return false;
}

import { sleep } from '../../base/wait.ts';
import type { DrillReport, TimelineEntry } from '../../core/drills.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { timeTaken } from '../../core/words/numbers.ts';
import { troubleFrom } from '../judge/banner.ts';
import { reportOf } from '../judge/report.ts';
import type { Phase, Seen, Sent } from '../judge/seen.ts';
import { arrivalsOf, swallowedBy } from './arrivals.ts';
import { type Cast, withCast } from './cast.ts';
import type { DrillPlan } from './stage.ts';
import { sendOne } from './stream.ts';
import { hasAllMail, isCalm, startWatch, type Watch } from './watch.ts';
import { beginWords, endWords } from './words.ts';

export type Telling = { say(entry: TimelineEntry): void; signal: AbortSignal; now: Clock };

type Play = Telling & {
  plan: DrillPlan;
  cast: Cast;
  startedAt: Ms;
  /** Null until it is so. */
  faultFrom: Ms | null;
  faultUntil: Ms | null;
  watch: Watch;
  sent: Sent[];
  timeline: TimelineEntry[];
  /** Who is told of a reset when it arrives. */
  following: Promise<unknown>[];
  tell(who: string, says: string): void;
};

/** Plays the drill from beginning to end, tells of it as it goes, and judges it. Ended early, it has not passed. */
export function playDrill(plan: DrillPlan, telling: Telling): Promise<DrillReport> {
  return withCast(plan, telling.now, async (cast) => {
    const play = begin(plan, cast, telling);
    try {
      for (const phase of [allIsWell, fallSick, getWell, becomeCalm]) if (!telling.signal.aborted) await phase(play);
      await Promise.all(play.following);
      return reportOf(await seenIn(play), plan.place.kind, telling.signal.aborted);
    } finally {
      await play.watch.stop();
    }
  });
}

async function seenIn({
  plan,
  cast,
  startedAt,
  now,
  faultFrom,
  faultUntil,
  sent,
  watch,
  timeline,
}: Play): Promise<Seen> {
  return {
    ...{ fault: plan.fault, limits: plan.pace.limits, startedAt, endedAt: now(), faultFrom, faultUntil },
    ...{ sent, arrivals: arrivalsOf(cast, sent), swallowed: swallowedBy(cast), looks: watch.looks },
    ...{ turns: (await watch.turns())?.filter(({ at }) => faultFrom !== null && at >= faultFrom) ?? null, timeline },
  };
}

function begin(plan: DrillPlan, cast: Cast, telling: Telling): Play {
  const { lookEvery, limits } = plan.pace;
  const timeline: TimelineEntry[] = [];
  const tell = (who: string, says: string) => {
    const entry = { at: telling.now(), who, says };
    timeline.push(entry);
    telling.say(entry);
  };
  const watch = startWatch(cast, { every: lookEvery, patience: limits.status, now: telling.now, tell });
  return {
    ...{ ...telling, plan, cast, startedAt: telling.now(), faultFrom: null, faultUntil: null },
    ...{ watch, sent: [], timeline, following: [], tell },
  };
}

/** So many mails before anything is wrong. */
const WARMING = 6;

async function allIsWell(play: Play): Promise<void> {
  const { tell, plan, now, watch } = play;
  tell('drill', `all is well: ${WARMING} mails leave through Mailgun`);
  for (let n = 0; n < WARMING; n++) await mail(play, 'before');
  const queuedAt = now();
  // What the daemon has no answer for yet would be in doubt when the provider goes away.
  const arrived = await until(
    play,
    Math.max(MINUTE, plan.pace.limits.failover),
    async () => missing(play).length === 0 && watch.last(queuedAt)?.waiting === 0,
  );
  if (arrived) tell('drill', 'they have arrived');
  else if (!play.signal.aborted)
    throw new Error('mail does not arrive even while nothing is wrong: nothing can be drilled');
}

async function fallSick(play: Play): Promise<void> {
  const { cast, plan, tell, now, watch, sent } = play;
  await cast.proxy.sicken();
  const from = now();
  play.faultFrom = from;
  tell('Mailgun', beginWords(plan));
  // What is swallowed at first can't be known to be; later it must not be handed over there any more.
  const isTime = () => plan.fault !== 'accepts-but-silent' || watch.standing()?.state === 'down';
  const askOnce = async (isNow: boolean) => {
    if (isNow && !sent.some(({ isTraced }) => isTraced)) await ask(play);
  };
  await askOnce(isTime());
  const goesOn = () => now() < from + plan.lasts || !isLookedAt(play, from);
  await stream(play, 'during', goesOn, () => askOnce(isTime()));
  if (!play.signal.aborted) await askOnce(true);
}

/** Whether the status was looked at when it had to tell of the trouble: a fault that ended before would prove nothing. */
function isLookedAt({ plan, cast, sent, watch }: Play, faultFrom: Ms): boolean {
  const { limits } = plan.pace;
  const turns = watch.looks.flatMap(({ at, standing }) => (standing && at >= faultFrom ? [{ at, ...standing }] : []));
  const from = troubleFrom({ fault: plan.fault, faultFrom, limits, turns, sent, arrivals: arrivalsOf(cast, sent) });
  return from === null || watch.last(from + limits.status) !== null;
}

async function getWell(play: Play): Promise<void> {
  await play.cast.proxy.heal();
  play.tell('Mailgun', endWords(play.plan));
  play.faultUntil = play.now();
}

/** While all that is left is that the status becomes calm. */
const LESS_OFTEN = 4;

/** Mail goes on, for that is what a provider that comes back is tried out with. */
async function becomeCalm(play: Play): Promise<void> {
  const { plan, now, watch, tell } = play;
  const since = play.faultUntil ?? now();
  const end = since + plan.pace.limits.calm;
  await stream(play, 'after', () => now() < end && !hasAllMail(watch.last(since)));
  await stream(play, 'after', () => now() < end && !isCalm(watch.last(since)), undefined, LESS_OFTEN);
  if (play.signal.aborted) return;
  const calm = await until(play, end - now(), async () => missing(play).length === 0 && isCalm(watch.last(since)));
  tell(
    'drill',
    calm ? `all is as before, ${timeTaken(now() - since)} after the end` : 'it is given up that all becomes as before',
  );
}

/** A reset that somebody asks for, and that is followed. */
async function ask(play: Play): Promise<void> {
  const { tell, now } = play;
  tell('Anna', 'asks for a new password');
  const one = await mail(play, 'during', true);
  const arrives = until(play, play.plan.pace.limits.failover, async () => {
    const arrival = arrivalsOf(play.cast, [one]).at(0);
    if (arrival)
      tell(
        'Anna',
        `has her mail, by ${arrival.by === 'mailgun' ? 'Mailgun' : 'the secondary'}, ${timeTaken(now() - one.at)} after she asked`,
      );
    return arrival !== undefined;
  });
  play.following.push(arrives);
}

async function stream(
  play: Play,
  phase: Phase,
  goesOn: () => boolean,
  each = async (): Promise<void> => {},
  lessOften = 1,
): Promise<void> {
  const { plan, signal } = play;
  while (goesOn() && !signal.aborted) {
    await Promise.all([mail(play, phase), sleep(lessOften * plan.pace.mailEvery, signal)]);
    await each();
  }
}

async function mail(play: Play, phase: Phase, isTraced = false): Promise<Sent> {
  const one = await sendOne(play.cast, { n: play.sent.length, phase, isTraced, now: play.now });
  play.sent.push(one);
  return one;
}

const missing = ({ cast, sent }: Play): readonly Sent[] => {
  const there = new Set([...arrivalsOf(cast, sent).map(({ messageId }) => messageId), ...swallowedBy(cast)]);
  return sent.filter(({ messageId }) => messageId !== null && !there.has(messageId));
};

async function until({ signal, now }: Play, patience: Ms, isSo: () => Promise<boolean>): Promise<boolean> {
  for (const end = now() + patience; now() < end && !signal.aborted; await sleep(SECOND / 5, signal))
    if (await isSo()) return true;
  return isSo();
}

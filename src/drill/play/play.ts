import { sleep } from '../../base/wait.ts';
import type { DrillReport, TimelineEntry } from '../../core/drills.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { timeTaken } from '../../core/words/numbers.ts';
import { troubleFrom } from '../judge/banner.ts';
import { reportOf } from '../judge/report.ts';
import type { Phase, Seen, Sent, Turn } from '../judge/seen.ts';
import { readOutages } from './application.ts';
import { arrivalsOf, swallowedBy } from './arrivals.ts';
import { type Cast, withCast } from './cast.ts';
import type { DrillPlan } from './stage.ts';
import { sendOne } from './stream.ts';
import { isCalm, isWell, startWatch, type Watch } from './watch.ts';
import { beginWords, endWords } from './words.ts';

export type Telling = { say(entry: TimelineEntry): void; signal: AbortSignal; now: Clock };

type Play = Telling & {
  plan: DrillPlan;
  cast: Cast;
  startedAt: Ms;
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
    const { startedAt, watch, sent, timeline } = play;
    try {
      await allIsWell(play);
      const faultFrom = await fallSick(play);
      const faultUntil = await getWell(play);
      await becomeCalm(play, faultUntil);
      await Promise.all(play.following);
      const seen: Seen = {
        ...{ fault: plan.fault, limits: plan.pace.limits, startedAt, endedAt: telling.now(), faultFrom, faultUntil },
        ...{ sent, arrivals: arrivalsOf(cast, sent), swallowed: swallowedBy(cast), looks: watch.looks },
        ...{ turns: await turnsOf(cast, faultFrom), timeline },
      };
      return reportOf(seen, plan.place.kind, telling.signal.aborted);
    } finally {
      await watch.stop();
    }
  });
}

function begin(plan: DrillPlan, cast: Cast, telling: Telling): Play {
  const timeline: TimelineEntry[] = [];
  const tell = (who: string, says: string) => {
    const entry = { at: telling.now(), who, says };
    timeline.push(entry);
    telling.say(entry);
  };
  const watch = startWatch(cast, { every: plan.pace.lookEvery, now: telling.now, tell });
  return { ...telling, plan, cast, startedAt: telling.now(), watch, sent: [], timeline, following: [], tell };
}

/** So many mails before anything is wrong. */
const WARMING = 6;

async function allIsWell(play: Play): Promise<void> {
  const { tell, plan } = play;
  tell('drill', `all is well: ${WARMING} mails leave through Mailgun`);
  for (let n = 0; n < WARMING; n++) await mail(play, 'before');
  const arrived = await until(
    play,
    Math.max(MINUTE, plan.pace.limits.failover),
    async () => missing(play).length === 0,
  );
  if (!arrived && !play.signal.aborted)
    throw new Error('mail does not arrive even while nothing is wrong: nothing can be drilled');
  tell('drill', 'they have arrived');
}

async function fallSick(play: Play): Promise<Ms> {
  const { cast, plan, tell, now, watch, sent } = play;
  await cast.proxy.sicken();
  const from = now();
  tell('Mailgun', beginWords(plan));
  // What is swallowed at first can't be known to be; later it must not be handed over there any more.
  const isTime = () => plan.fault !== 'accepts-but-silent' || watch.standing()?.state === 'down';
  const askOnce = async (isNow: boolean) => {
    if (isNow && !sent.some(({ isTraced }) => isTraced)) await ask(play);
  };
  await askOnce(isTime());
  const goesOn = () => now() < Math.max(from + plan.lasts, hasToldBy(play, from));
  await stream(play, 'during', goesOn, () => askOnce(isTime()));
  await askOnce(true);
  return from;
}

/** By when the status has had its time to tell of the trouble: a fault that ended before would prove nothing. */
function hasToldBy({ plan, cast, sent, watch }: Play, faultFrom: Ms): Ms {
  const { limits, lookEvery } = plan.pace;
  const turns = watch.looks.flatMap(({ at, standing }) => (standing && at >= faultFrom ? [{ at, ...standing }] : []));
  const from = troubleFrom({ fault: plan.fault, faultFrom, limits, turns, sent, arrivals: arrivalsOf(cast, sent) });
  return from === null ? faultFrom : from + limits.status + SECOND + 3 * lookEvery;
}

async function getWell({ cast, tell, now, plan }: Play): Promise<Ms> {
  await cast.proxy.heal();
  tell('Mailgun', endWords(plan));
  return now();
}

/** While all that is left is that the status becomes calm. */
const LESS_OFTEN = 4;

/** Mail goes on, for that is what a provider that comes back is tried out with. */
async function becomeCalm(play: Play, since: Ms): Promise<void> {
  const { plan, now, watch, tell } = play;
  const end = since + plan.pace.limits.calm;
  await stream(play, 'after', () => now() < end && !isWell(watch.last(since)));
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

/** What became of the provider since the fault began, as the daemon tells it; null where it does not. */
async function turnsOf(cast: Cast, from: Ms): Promise<Turn[] | null> {
  const outages = await readOutages(cast).catch(() => null);
  if (outages === null) return null;
  return outages
    .filter(({ provider }) => provider === 'mailgun')
    .flatMap(({ evidence }) => evidence.map(({ at, state, share }) => ({ at: Date.parse(at), state, share })))
    .filter(({ at }) => at >= from)
    .sort((a, b) => a.at - b.at);
}

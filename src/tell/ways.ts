import { wordsOf } from '../base/errors.ts';
import { onlyRung, type Rung, type Way, wayOf } from '../core/ladder.ts';
import type { AlertChannel, Notice } from './channels/channel.ts';

/** The channels of each way, in the order in which they are tried. */
export function waysOf(channels: readonly AlertChannel[]): Map<Way, AlertChannel[]> {
  const ways = new Map<Way, AlertChannel[]>();
  for (const channel of channels) {
    const way = wayOf(channel.name);
    ways.set(way, [...(ways.get(way) ?? []), channel]);
  }
  return ways;
}

/** The rungs of the ladder; without one, all that there is as one rung. */
export const rungsOf = (ladder: readonly Rung[] | undefined, channels: readonly AlertChannel[]): readonly Rung[] =>
  ladder ?? onlyRung([...waysOf(channels).keys()]);

export type Sending = {
  notice: Notice;
  /** Channels that are not used as long as there are others: the notice warns about them. */
  avoid: readonly string[];
  /** Aborted when another process sends it. */
  lost: AbortSignal;
};

/** By which ways it got out, how far up the ladder that was, and what went wrong. */
export type Outcome = { took: Way[]; rung: number; problems: string[]; partly: string[] };

/** What is tried for one notice. */
type Trying = Outcome & { sending: Sending; ways: ReadonlyMap<Way, readonly AlertChannel[]> };

const trying = (sending: Sending, channels: readonly AlertChannel[], rung: number): Trying => {
  const ways = waysOf(trusted(channels, sending.avoid));
  return { sending, ways, took: [], rung, problems: [], partly: [] };
};

/** All but those, as long as there are others. */
export function trusted(channels: readonly AlertChannel[], avoid: readonly string[]): readonly AlertChannel[] {
  const others = channels.filter(({ name }) => !avoid.includes(name));
  return others.length > 0 ? others : channels;
}

/** The ways there are that did not take what others of their rungs took. */
export const restOfRungs = (
  rungs: readonly Rung[],
  took: readonly string[],
  known: ReadonlyMap<Way, unknown>,
): readonly Way[] =>
  rungs
    .filter(({ each, ways }) => each && ways.some((way) => took.includes(way)))
    .flatMap(({ ways }) => ways.filter((way) => known.has(way) && !took.includes(way)));

/**
 * Tells the rungs of a ladder from one to another. When none of their ways takes it the next rung is told at once, then those
 * below, and in the end every way that is not on the ladder.
 */
export async function sendUp(
  sending: Sending,
  channels: readonly AlertChannel[],
  { rungs, from, to }: { rungs: readonly Rung[]; from: number; to: number },
): Promise<Outcome> {
  const last = rungs.length - 1;
  const tried = trying(sending, channels, Math.min(to, last));
  for (let n = from; n <= last && (n <= to || tried.took.length === 0); n++) {
    tried.rung = Math.max(tried.rung, n);
    await tellRung(tried, rungs[n] ?? NOBODY);
  }
  for (let n = from - 1; n >= 0 && tried.took.length === 0; n--) await tellRung(tried, rungs[n] ?? NOBODY);
  const isOnLadder = new Set(rungs.flatMap(({ ways }) => ways));
  const others = [...tried.ways.keys()].filter((way) => !isOnLadder.has(way));
  if (tried.took.length === 0) await tellRung(tried, { ways: others, each: false });
  return tried;
}

const NOBODY: Rung = { after: 0, ways: [], each: false };

/** Tells each of these ways. */
export async function sendTo(
  sending: Sending,
  channels: readonly AlertChannel[],
  ways: readonly Way[],
): Promise<Outcome> {
  // It is over for all who heard of it, whatever it was about.
  const tried = trying({ ...sending, avoid: [] }, channels, 0);
  await tellRung(tried, { ways: ways.filter((way) => tried.ways.has(way)), each: true });
  return tried;
}

async function tellRung(tried: Trying, { ways, each }: Pick<Rung, 'ways' | 'each'>): Promise<void> {
  for (const way of ways) if ((await tellWay(tried, way)) && !each) return;
}

/** By the first channel that takes it. */
async function tellWay(tried: Trying, way: Way): Promise<boolean> {
  const { sending, ways, problems } = tried;
  const channels = ways.get(way) ?? [];
  if (channels.length === 0) problems.push(`${way}: it is not configured, or is what the alert warns about`);
  for (const channel of channels) {
    if (sending.lost.aborted) {
      problems.push('another process sends it');
      return false;
    }
    try {
      tried.partly.push(...(await channel.send(withProblems(sending.notice, problems))));
      tried.took.push(way);
      return true;
    } catch (error) {
      problems.push(`${channel.name}: ${wordsOf(error)}`);
    }
  }
  return false;
}

/** Whoever is reached hears of the ways that did not take it. */
const withProblems = (notice: Notice, problems: readonly string[]): Notice =>
  problems.length === 0
    ? notice
    : { ...notice, body: `${notice.body}\nNot everybody could be told of this. ${problems.join('; ')}\n` };

import { createHash } from 'node:crypto';
import { doubtsIn, evidenceIn, failedWords, hintsIn, inSeconds, type OutageRules, type Signs } from './signs.ts';
import { HOUR, type Ms } from './time.ts';

/**
 * How a provider is. `suspect` changes nothing but that it is probed; mail leaves by other ways while it is `down`, and comes
 * back bit by bit while it is `recovering`.
 */
export type Health = 'healthy' | 'suspect' | 'down' | 'recovering';

export type Standing = {
  state: Health;
  since: Ms;
  /** Of a hundred mails so many are handed to it while it recovers. */
  share: number;
  /** Our own probes: since when they went well, and how many in a row did not. */
  wellSince: Ms | null;
  probesFailed: number;
};

const MOST_SWITCHES = 3;
export const SWITCHES_WITHIN: Ms = HOUR;
/** A suspicion ends when nothing was seen for so long. */
const calm = (window: Ms): Ms => 2 * window;

export type World = OutageRules & {
  now: Ms;
  /** Whether there is another provider, and none of the others looks sick at the same time. */
  elsewhere: 'none' | 'well' | 'sick';
  /** How often it went down or came back within the last hour, where it is suspect or down. */
  switches: number;
  /** What others say of it. They may be late or wrong, in both directions. */
  hints: readonly string[];
};

/** A provider that is not as it should be. */
export type Unwell = { provider: string } & Pick<Standing, 'state' | 'since' | 'share'>;

export type Change = { state: Health; share: number; evidence: string };

/** A change that was made, as it is kept. */
export type HealthChange = {
  id: string;
  provider: string;
  before: Health;
  after: Health;
  share: number;
  evidence: string;
  at: Ms;
};

/** What a provider's standing becomes; null when it stays as it is. */
export function nextHealth(at: Standing, signs: Signs, world: World): Change | null {
  const setting = { ...world, probesFailed: at.probesFailed, hasOthers: world.elsewhere !== 'none' };
  const evidence = evidenceIn(signs, setting);
  const failing = signs.failed > signs.taken ? [failedWords(signs, world.window)] : [];
  const doubts = [...doubtsIn(signs, setting), ...failing];
  const [hint = null] = hintsIn(signs, setting);
  const seen = { evidence, doubt: doubts.length === 0 ? null : doubts.join('; '), hint };
  switch (at.state) {
    case 'healthy':
      return whenHealthy(seen);
    case 'suspect':
      return whenSuspect(at, seen, signs, world);
    case 'down':
      return whenDown(at, seen, world);
    case 'recovering':
      return whenRecovering(at, seen, world);
  }
}

/** What speaks for an outage, what speaks against the provider at all, and what others say. */
type Seen = { evidence: string | null; doubt: string | null; hint: string | null };

const to = (state: Health, evidence: string, share = 100): Change => ({ state, share, evidence });

function whenHealthy({ evidence, doubt, hint }: Seen): Change | null {
  const words = evidence ?? doubt ?? hint;
  return words === null ? null : to('suspect', words);
}

function whenSuspect(at: Standing, { evidence, doubt, hint }: Seen, signs: Signs, world: World): Change | null {
  if (evidence === null) {
    const isQuiet = doubt === null && hint === null;
    const isCalm = isQuiet && at.wellSince !== null && world.now - at.since >= calm(world.window);
    return isCalm ? to('healthy', 'nothing more was seen') : null;
  }
  // When all look sick at once it is most likely our own network, and nothing is gained by another provider.
  const isOurs = world.elsewhere === 'sick' && signs.barred === 0;
  return isOurs || world.switches >= MOST_SWITCHES ? null : to('down', evidence, 0);
}

function whenDown(at: Standing, { evidence }: Seen, world: World): Change | null {
  const needed = neededFor(world);
  if (evidence !== null || wellFor(at, world.now) < needed) return null;
  // One that goes back and forth stays away until it was quiet for longer.
  if (world.elsewhere !== 'none' && world.switches >= MOST_SWITCHES) return null;
  const words = `its own answers were normal for ${inSeconds(needed)}`;
  return world.elsewhere === 'none' ? to('healthy', words) : recovering(words, 0, world);
}

type Needed = Pick<World, 'window' | 'steady' | 'elsewhere'>;

/** For how long it must look normal before it gets mail again. */
const neededFor = ({ window, steady, elsewhere }: Needed): Ms =>
  elsewhere === 'none' ? Math.min(steady, window / 2) : steady;

const wellFor = ({ since, wellSince }: Standing, now: Ms): Ms =>
  wellSince === null ? Number.NEGATIVE_INFINITY : now - Math.max(since, wellSince);

/** Whether it is down, and gets mail again soon unless something is seen. */
export const isNearlyBack = (at: Standing, world: Needed & { now: Ms }): boolean =>
  at.state === 'down' && wellFor(at, world.now) >= neededFor(world) - world.window;

/** With the next share of the mail, or all of it. Each holds for a fifth of the time for which it had to be well. */
function recovering(words: string, share: number, { canary }: World): Change {
  const next = canary.find((one) => one > share) ?? ALL;
  return next === ALL ? to('healthy', words) : to('recovering', words, next);
}

const ALL = 100;

function whenRecovering(at: Standing, { evidence, doubt }: Seen, world: World): Change | null {
  const { now, steady } = world;
  if (evidence !== null) return to('down', evidence, 0);
  // It gets no more mail than it has, until nothing speaks against it.
  if (doubt !== null || now - at.since < steady / 5) return null;
  return recovering(`all went well with ${at.share} of 100 mails`, at.share, world);
}

/** Whether a provider is not given a mail for how it is. */
export const isKeptFrom = ({ state, share }: Pick<Standing, 'state' | 'share'>, id: string): boolean =>
  state === 'down' || (state === 'recovering' && !isInShare(id, share));

/** Whether a mail is among those that are handed to a provider that recovers. The same mail always is, or is not. */
export function isInShare(id: string, share: number): boolean {
  return createHash('sha256').update(id).digest().readUInt32BE(0) % 100 < share;
}

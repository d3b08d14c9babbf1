import { createHash } from 'node:crypto';
import { HOUR, type Ms, SECOND } from './time.ts';

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

/** What was seen of a provider of late, and of the mail that it took before. */
export type Signs = {
  taken: number;
  /** It was busy, could not be reached, or gave no answer. */
  failed: number;
  /** It refused our account. */
  barred: number;
  /** Mail that it accepted a while ago: how much, how much of it nothing was heard of since, and by how many recipient domains. */
  accepted: number;
  unheard: number;
  receivers: number;
};

/** Mail that was accepted so long ago has been heard of, if all is well. */
export const heardAfter = (window: Ms): Ms => 1.5 * window;

const MOST_SWITCHES = 3;
export const SWITCHES_WITHIN: Ms = HOUR;
const PROBES = 3;
const LEAST_FAILED = 5;
export const LEAST_UNHEARD = 10;
const LEAST_RECEIVERS = 3;
/** A suspicion ends when nothing was seen for so long. */
const calm = (window: Ms): Ms => 2 * window;

/** Shares while it recovers. Each holds for a fifth of the time for which it had to be well. */
const SHARES = [1, 5, 25] as const;

export type World = {
  now: Ms;
  /** For so long what was seen counts. */
  window: Ms;
  /** For how long it must look normal before mail comes back. */
  steady: Ms;
  /** Whether there is another provider, and none of the others looks sick at the same time. */
  elsewhere: 'none' | 'well' | 'sick';
  /** How often it went down or came back within the last hour, where it is suspect. */
  switches: number;
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
  const evidence = evidenceIn(at, signs, world);
  switch (at.state) {
    case 'healthy':
      return evidence !== null || signs.failed > signs.taken
        ? to('suspect', evidence ?? failedWords(signs, world.window))
        : null;
    case 'suspect':
      return whenSuspect(at, evidence, signs, world);
    case 'down':
      return whenDown(at, evidence, world);
    case 'recovering':
      return whenRecovering(at, evidence, world);
  }
}

const to = (state: Health, evidence: string, share = 100): Change => ({ state, share, evidence });

function whenSuspect(at: Standing, evidence: string | null, signs: Signs, world: World): Change | null {
  if (evidence === null) {
    const isCalm = signs.failed <= signs.taken && at.wellSince !== null && world.now - at.since >= calm(world.window);
    return isCalm ? to('healthy', 'nothing more was seen') : null;
  }
  // When all look sick at once it is most likely our own network, and nothing is gained by another provider.
  const isOurs = world.elsewhere === 'sick' && signs.barred === 0;
  return isOurs || world.switches >= MOST_SWITCHES ? null : to('down', evidence, 0);
}

function whenDown(at: Standing, evidence: string | null, { now, window, steady, elsewhere }: World): Change | null {
  const needed = elsewhere === 'none' ? Math.min(steady, window / 2) : steady;
  if (evidence !== null || at.wellSince === null || now - Math.max(at.since, at.wellSince) < needed) return null;
  const words = `its own answers were normal for ${inSeconds(needed)}`;
  return elsewhere === 'none' ? to('healthy', words) : to('recovering', words, SHARES[0]);
}

function whenRecovering(at: Standing, evidence: string | null, { now, steady }: World): Change | null {
  if (evidence !== null) return to('down', evidence, 0);
  if (now - at.since < steady / 5) return null;
  const next = SHARES.find((share) => share > at.share);
  const words = `all went well with ${at.share} of 100 mails`;
  return next === undefined ? to('healthy', words) : to('recovering', words, next);
}

/** What speaks for an outage, from a cluster of signs and never from one; null when nothing does. */
function evidenceIn(at: Standing, signs: Signs, { window, elsewhere }: World): string | null {
  const { taken, failed, barred, accepted, unheard, receivers } = signs;
  if (barred >= PROBES && taken === 0) return `it refused our account ${barred} times within ${inSeconds(window)}`;
  if (failed >= LEAST_FAILED && failed >= taken) return failedWords(signs, window);
  if (at.probesFailed >= PROBES && taken === 0) return `${at.probesFailed} of our own calls in a row failed`;
  // Nothing is gained by holding back what nobody else could take, and what may only be late.
  const isSilent =
    elsewhere !== 'none' && unheard >= LEAST_UNHEARD && unheard * 2 >= accepted && receivers >= LEAST_RECEIVERS;
  if (isSilent)
    return `of ${accepted} mails that it accepted ${unheard} were not heard of for ${inSeconds(heardAfter(window))} and more`;
  return null;
}

const failedWords = ({ taken, failed }: Signs, window: Ms): string =>
  `${failed} of ${taken + failed} hand-overs within ${inSeconds(window)} failed or got no answer`;

const inSeconds = (length: Ms): string => `${Math.round(length / SECOND)} s`;

/** Whether a provider is not given a mail for how it is. */
export const isKeptFrom = ({ state, share }: Pick<Standing, 'state' | 'share'>, id: string): boolean =>
  state === 'down' || (state === 'recovering' && !isInShare(id, share));

/** Whether a mail is among those that are handed to a provider that recovers. The same mail always is, or is not. */
export function isInShare(id: string, share: number): boolean {
  return createHash('sha256').update(id).digest().readUInt32BE(0) % 100 < share;
}

// Whether a figure rings. Nothing is read or written here.
import { DAY, HOUR, type Ms } from '../time.ts';
import { isFalling, type Rule } from './rule.ts';

/** Which mail a figure is of; empty for all. `about` is a recipient domain, or what fell silent: `tag welcome`. */
export type Scope = { domain: string; class: string; about: string };

export const ALL: Scope = { domain: '', class: '', about: '' };

export const scopeKey = ({ domain, class: kind, about }: Scope): string => `${domain}\n${kind}\n${about}`;

/** A figure: `bad` of `of` mails, and the value that rules speak of. */
export type Reading = { scope: Scope; of: number; bad: number; value: number };

/** How a rule stands for a scope. What is neither ringing nor about to has no state. */
export type Standing = {
  /** Since when the value has been beyond, without a break. */
  beyondSince: Ms;
  rangAt: Ms | null;
  /** Since when it has been well again, or too little was sent to say. */
  wellSince: Ms | null;
  lookedAt: Ms;
  /** The worst of it. */
  worst: Omit<Reading, 'scope'>;
};

export type Judged = {
  standing: Standing | null;
  change: 'rings' | 'clears' | null;
  /** Too little was sent to say how it is. */
  isLittle: boolean;
};

/** What nobody looked at for so long is looked at anew: who knows how it was meanwhile. */
const GAP: Ms = HOUR;
/** What fell silent and is not expected for so long either is not sent any more. */
const GIVEN_UP_AFTER: Ms = 8 * DAY;

/** How a rule stands now. `reading` is null where nothing was sent, or nothing can be said. */
export function judge(rule: Rule, before: Standing | null, reading: Reading | null, now: Ms): Judged {
  const isLittle = reading === null || reading.of < rule.least;
  if (before === null || before.rangAt === null) return whenCalm(rule, before, isLittle ? null : reading, now);
  return whenRinging(rule, before, isLittle ? null : reading, now);
}

function whenCalm(rule: Rule, before: Standing | null, reading: Reading | null, now: Ms): Judged {
  const isLittle = reading === null;
  if (reading === null || !isBeyond(rule, reading)) return { standing: null, change: null, isLittle };
  const beyondSince = since(before, before?.beyondSince ?? null, now);
  const rings = now - beyondSince >= rule.holds;
  const { scope: _, ...worst } = reading;
  const standing = { beyondSince, rangAt: rings ? now : null, wellSince: null, lookedAt: now, worst };
  return { standing, change: rings ? 'rings' : null, isLittle };
}

function whenRinging(rule: Rule, before: Standing, reading: Reading | null, now: Ms): Judged {
  const isLittle = reading === null;
  if (reading !== null && !isWell(rule, reading)) {
    const { scope: _, ...seen } = reading;
    const worst = isWorse(rule, seen.value, before.worst.value) ? seen : before.worst;
    return { standing: { ...before, wellSince: null, lookedAt: now, worst }, change: null, isLittle };
  }
  const wellSince = since(before, before.wellSince, now);
  const needed = isLittle && rule.measure === 'flatline' ? GIVEN_UP_AFTER : rule.clearsAfter;
  if (now - wellSince >= needed) return { standing: null, change: 'clears', isLittle };
  return { standing: { ...before, wellSince, lookedAt: now }, change: null, isLittle };
}

/** Since when something is so. A clock may have been set back, and a daemon may not have run. */
function since(before: Standing | null, known: Ms | null, now: Ms): Ms {
  if (before === null || known === null || known > now) return now;
  return Math.abs(now - before.lookedAt) > GAP ? now : known;
}

const isBeyond = (rule: Rule, { value, bad }: Reading): boolean =>
  !isWorse(rule, rule.rings, value) && bad >= rule.leastBad;

/** A flatline is over when more comes than that at which it clears. */
function isWell(rule: Rule, { value, bad }: Reading): boolean {
  if (rule.measure === 'flatline') return bad > 0 && value > Math.min(rule.clears, 1);
  return !isWorse(rule, value, rule.clears);
}

const isWorse = ({ measure }: Rule, one: number, other: number): boolean =>
  isFalling(measure) ? one < other : one > other;

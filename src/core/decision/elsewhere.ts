import type { Candidate } from '../capabilities.ts';
import type { Attempt } from '../delivery.ts';
import type { Reason } from '../reason.ts';
import type { Ms } from '../time.ts';
import { type Action, type Circumstances, end, type Held, type Look } from './world.ts';

/** All but the provider that mail goes to when all is well. */
export const others = ({ c }: Look): readonly Candidate[] => c.candidates.slice(1);

/**
 * Hands the mail to another provider, if there is one, the class allows it and there is something to send; otherwise
 * ends it.
 */
export function fallBack(look: Look, why: Reason, double: string | null): Action {
  const { d, policy, c } = look;
  if (c.adopted && !d.attempts.at(-1)?.asked?.known) return end('failed', 'not_confirmed');
  const other = leastRefused(look);
  const hasCopy = c.hasBody || d.storages.length > 0;
  if (policy.fallback && other && hasCopy && d.fallbackTries === 0) return toOther(other, why, double);
  return nothingLeft(look, why);
}

export function toOther({ name }: Pick<Candidate, 'name'>, why: Reason, double: string | null): Action {
  return { do: 'handOver', provider: name, role: 'fallback', way: 'whole', deliverAt: null, double, why };
}

export function nothingLeft(look: Look, why: Reason): Action {
  const { policy, d, now } = look;
  const reason = why === 'reopened' ? whatIsLacking(look) : why;
  return end(policy.atEnd === 'expired' && now >= d.usefulUntil ? 'expired' : 'abandoned', reason);
}

/** Why a mail that was opened again ends all the same: not because it was opened. */
function whatIsLacking({ d, c, now }: Look): Reason {
  if (!c.hasBody && d.storages.length === 0) return 'nothing_to_send';
  if (!c.hasBody && c.storageGoneAt !== null && now >= c.storageGoneAt) return 'storage_gone';
  return d.attempts.findLast((a) => a.failure)?.failure?.verdict?.cause ?? 'unconfirmed';
}

/** When mail that can't wait goes to another provider; null when it waits, or when no other provider is left. */
export function elsewhereFrom(look: Look): Ms | null {
  const { d, policy } = look;
  if (policy.fallbackAfter === null || !policy.fallback || d.fallbackTries > 0 || others(look).length === 0)
    return null;
  return d.usefulUntil - policy.usefulLife + policy.fallbackAfter;
}

/**
 * Of the other providers the one that refused least often since a fallback was last taken; the first of several. One that is
 * held back only where all are.
 */
export function leastRefused(look: Look): Candidate | null {
  const open = others(look).filter(({ name }) => !holdOf(look.c, name));
  const among = open.length > 0 ? open : others(look);
  const least = Math.min(...among.map(({ name }) => refusalsBy(look, name)));
  return among.find(({ name }) => refusalsBy(look, name) === least) ?? null;
}

/**
 * What keeps mail from leaving through a provider. Where it is down and an operator holds it as well, it is down: mail leaves
 * elsewhere as it does then.
 */
export function holdOf({ held = [] }: Circumstances, name: string): Held | undefined {
  const all = held.filter(({ provider }) => provider === null || provider === name);
  return all.find(({ leaveFrom }) => leaveFrom !== undefined) ?? all[0];
}

/** How often a provider refused a fallback, for reasons of its own, since one was last taken. */
export function refusalsBy({ d }: Look, name: string): number {
  const fallbacks = d.attempts.filter((a) => a.claim.role === 'fallback');
  const taken = fallbacks.findLastIndex((a) => !isRefusedByProvider(a));
  return fallbacks.slice(taken + 1).filter((a) => a.claim.provider === name && !isWithdrawn(a)).length;
}

const whyRefused = ({ answer }: Attempt): string | null => (answer?.kind === 'refused' ? answer.why : null);
const isWithdrawn = (a: Attempt): boolean => whyRefused(a) === 'withdrawn';

/**
 * Whether the refusal says nothing about the mail: the provider was busy, or refused for the account, or we took the
 * mail back.
 */
export function isRefusedByProvider(a: Attempt): boolean {
  const why = whyRefused(a);
  return why === 'busy' || why === 'account' || why === 'withdrawn';
}

/** The wait after so many refusals: doubled each time, up to 32 pauses. */
export const refusalWait = (refusals: number, pause: Ms): Ms => pause * Math.min(2 ** (refusals - 1), 32);

import type { Delivery, Fact } from '../delivery.ts';
import { RESTORED } from '../restored.ts';

/** Why a second copy goes out without proof that the first is lost. There are no other reasons. */
export const UNPROVEN = [
  'unanswered', // a first send got no answer, and nobody could say within the patience of the class whether it went out
  'repost_unanswered', // the same for a re-post, whose id nobody may ever have told us
  'secondary_unanswered', // a secondary got it and gave no answer
  'by_operator', // an operator had it sent again
  'restored', // the database comes from a backup, and does not know what was sent since
] as const;
export type Unproven = (typeof UNPROVEN)[number];

const WORDS: Record<Unproven, string> = {
  unanswered: 'the first send got no answer',
  repost_unanswered: 'a re-post got no answer',
  secondary_unanswered: 'a secondary gave no answer',
  by_operator: 'an operator had it sent again',
  restored: 'the database comes from a backup',
};
export const copyWords = (why: Unproven): string => WORDS[why];

/** Every hand-over of a delivery that was made although one before it may have gone out. */
export function unprovenCopies({ attempts }: Delivery, facts: readonly Fact[]): Unproven[] {
  const opened = new Set(facts.flatMap((f) => (f.kind === 'reopened' ? [f.attempt] : [])));
  return attempts.flatMap(({ claim }, i) => {
    const last = attempts[i - 1];
    if (claim.double === null || !last) return [];
    if (opened.has(last.number)) return ['by_operator' as const];
    if (isOfBackup(claim.double, facts)) return ['restored' as const];
    const out = attempts.slice(0, i).findLast((a) => a.unanswered !== null || a.outcome === 'unconfirmed') ?? last;
    if (out.claim.role === 'fallback') return ['secondary_unanswered' as const];
    return [out.claim.way === 'stored' ? ('repost_unanswered' as const) : ('unanswered' as const)];
  });
}

const isOfBackup = (double: string, facts: readonly Fact[]): boolean =>
  facts.some((f) => f.kind === 'noted' && f.key.startsWith(RESTORED) && f.what === double);

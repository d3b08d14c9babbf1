import { domainOf } from './address.ts';
import { classify, type OwnRules } from './classify/classify.ts';
import type { Bounce, Sighting } from './sighting.ts';
import type { Verdict } from './verdict.ts';

export type Judge = (bounce: Bounce, sighting: Pick<Sighting, 'recipient' | 'recipientProvider'>) => Verdict;

/** What a failure means, by the operator's own rules and the built-in ones. */
export const judgeBy =
  (rules: OwnRules | undefined): Judge =>
  (bounce, { recipient, recipientProvider }) =>
    classify({ ...bounce, recipientDomain: recipient === null ? null : domainOf(recipient), recipientProvider }, rules);

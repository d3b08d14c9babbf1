import { domainOf } from '../core/address.ts';
import type { Bounce, Sighting } from '../core/sighting.ts';
import type { Verdict } from '../core/verdict.ts';
import { classify, type OwnRules } from './classify.ts';

export type Judge = (bounce: Bounce, sighting: Pick<Sighting, 'recipient' | 'recipientProvider'>) => Verdict;

/** What a failure means, by the operator's own rules and the built-in ones. */
export const judgeBy =
  (rules: OwnRules | undefined): Judge =>
  (bounce, { recipient, recipientProvider }) =>
    classify({ ...bounce, recipientDomain: recipient === null ? null : domainOf(recipient), recipientProvider }, rules);
